/** `GET /openapi.json`: the document. `GET /docs`: the same, to read and to try, with assets of our own origin. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { guardPages } from '../browser-headers.ts';
import { openApiDocument } from '../openapi/document.ts';

/** The one style element in swagger-ui's scripts: its logo's. A test compares it with the script that is shipped. */
const logoStyle = "'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='";

export async function openApiRoutes(app: FastifyInstance): Promise<void> {
  const document = openApiDocument();
  await app.register(swagger, { mode: 'static', specification: { document: document as never } });
  await app.register(async (page) => {
    // The page's routes are the plugin's own: what they ask of a key (nothing, the contract is public) is said for them.
    page.addHook('onRoute', (route) => {
      route.config = { ...route.config, scope: 'none' };
    });
    await guardPages(page, [logoStyle]);
    await page.register(swaggerUi, {
      routePrefix: '/docs',
      theme: { title: 'hangtag: the HTTP API' },
      uiConfig: { tryItOutEnabled: true, displayRequestDuration: true, defaultModelsExpandDepth: 0 },
    });
  });
  app.get('/openapi.json', { config: { scope: 'none' } }, async () => document);
}
