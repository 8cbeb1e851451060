/** `GET /openapi.json`: the document. `GET /docs`: the same, to read and to try, with assets of our own origin. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { openApiDocument } from '../openapi/document.ts';

export async function openApiRoutes(app: FastifyInstance): Promise<void> {
  const document = openApiDocument();
  await app.register(swagger, { mode: 'static', specification: { document: document as never } });
  await app.register(async (page) => {
    // The page's routes are the plugin's own: what they ask of a key (nothing, the contract is public) is said for them.
    page.addHook('onRoute', (route) => {
      route.config = { ...route.config, scope: 'none' };
    });
    await page.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
  });
  app.get('/openapi.json', { config: { scope: 'none' } }, async () => document);
}
