/** `GET /products/:id/tags`: the TagSet as it stands, with its revision as ETag. */
import type { FastifyInstance } from 'fastify';
import type { Services } from '../../application/tag-request.ts';
import { productId } from '../product-id.ts';
import { wireTagSet } from '../wire-tag-set.ts';

export function readTagsRoute(app: FastifyInstance, services: Services): void {
  app.get<{ Params: { id: string } }>(
    '/products/:id/tags',
    { config: { scope: 'read' } },
    async (request, reply) => {
      const tagSet = await services.readTags(productId(request.params.id));
      const etag = `"${tagSet.revision}"`;
      reply.header('etag', etag).header('cache-control', 'no-cache');
      // Confidences may change within a revision, so an unchanged revision alone is no reason to say "not modified".
      return wireTagSet(tagSet);
    },
  );
}
