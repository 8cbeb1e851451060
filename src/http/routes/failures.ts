/** `GET /admin/failures`: accepted work that failed. `POST /admin/failures/:id/retry`: once more. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Services } from '../../application/tag-request.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { operationId } from '../operation-id.ts';
import { pageFields } from '../page-query.ts';
import { malformed, problemsOf } from '../tag-query.ts';

const query = z.strictObject(pageFields);
const position = z.strictObject({ key: z.int().min(0), id: z.uuid() });
const list = 'failures';

export function failuresRoutes(app: FastifyInstance, services: Services): void {
  app.get('/admin/failures', { config: { scope: 'admin' } }, async (request, reply) => {
    const parsed = query.safeParse(request.query);
    if (!parsed.success) throw malformed(problemsOf(parsed.error, 'query'));
    const { limit, cursor } = parsed.data;
    const after = cursor === undefined ? null : readCursor(cursor, list, position);
    const { items, next } = await services.listFailures(limit, after);
    reply.header('cache-control', 'no-store');
    return { items, next: writeCursor(next, list) };
  });

  app.post<{ Params: { id: string } }>(
    '/admin/failures/:id/retry',
    { config: { scope: 'admin' } },
    async (request, reply) => {
      const operation = await services.retryFailure(operationId(request.params.id));
      return reply.code(202).header('location', `/operations/${operation.id}`).send(operation);
    },
  );
}
