/** `npm run openapi`: writes docs/openapi.json from the schemas. */
import { writeFileSync } from 'node:fs';
import { openApiDocument } from '../src/http/openapi/document.ts';

writeFileSync(new URL('./openapi.json', import.meta.url), `${JSON.stringify(openApiDocument(), null, 2)}\n`);
