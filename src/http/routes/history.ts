/** `GET /products/:id/tags/history`: every revision, newest first. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Services } from '../../application/tag-request.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { pageFields } from '../page-query.ts';
import { productId } from '../product-id.ts';
import { malformed, problemsOf } from '../tag-query.ts';
import { wireTagSet } from '../wire-tag-set.ts';

const query = z.strictObject(pageFields);
const position = z.strictObject({
  before: z
    .int()
    .min(1)
    .max(2 ** 31 - 1),
});

export function historyRoute(app: FastifyInstance, services: Services): void {
  app.get<{ Params: { id: string } }>(
    '/products/:id/tags/history',
    { config: { scope: 'read' } },
    async (request, reply) => {
      const id = productId(request.params.id);
      const parsed = query.safeParse(request.query);
      if (!parsed.success) throw malformed(problemsOf(parsed.error, 'query'));
      const { limit, cursor } = parsed.data;
      const list = `history of ${id}`;
      const before = cursor === undefined ? null : readCursor(cursor, list, position).before;
      const { items, next } = await services.readHistory(id, limit, before);
      reply.header('cache-control', 'no-cache');
      return {
        items: items.map(({ revision, cause, at, tagSet }) => ({
          revision,
          cause,
          at,
          tagSet: wireTagSet(tagSet),
        })),
        next: writeCursor(next === null ? null : { before: next }, list),
      };
    },
  );
}
