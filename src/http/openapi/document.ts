/** The OpenAPI 3.1 document, assembled from the wire's schemas. `docs/openapi.json` is its committed copy; a test compares them. */
import { eventPaths } from './events.ts';
import { problemExamples } from './example-problems.ts';
import { examples } from './examples.ts';
import { failurePaths } from './failures.ts';
import { importPaths } from './imports.ts';
import { groups, introduction } from './introduction.ts';
import { meaningPaths } from './meanings.ts';
import { outgoingPaths } from './outgoing.ts';
import { components, type Json } from './parts.ts';
import { productPaths } from './products.ts';
import { servicePaths } from './service.ts';
import { taggingPaths } from './tagging.ts';

export function openApiDocument(): Json {
  const paths = {
    ...taggingPaths,
    ...productPaths,
    ...eventPaths,
    ...outgoingPaths,
    ...failurePaths,
    ...importPaths,
    ...servicePaths,
    ...meaningPaths,
  };
  const info = {
    title: 'hangtag',
    version: '1',
    description: introduction(),
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  };
  const securitySchemes = {
    bearer: { type: 'http', scheme: 'bearer', description: 'The whole key: `ht_<id>_<secret>`.' },
    header: {
      type: 'apiKey',
      in: 'header',
      name: 'x-api-key',
      description: 'The whole key, instead: `ht_<id>_<secret>`.',
    },
  };
  // The last: no key, where the service is open on loopback.
  const security = [{ bearer: [] }, { header: [] }, {}];
  const sorted = Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    openapi: '3.1.0',
    info,
    servers: [{ url: '/', description: 'Where this document came from.' }],
    tags: groups,
    paths,
    security,
    components: { schemas: sorted, examples: { ...examples, ...problemExamples }, securitySchemes },
  };
}
