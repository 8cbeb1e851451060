/** `/admin/deliveries`: each telling of an event, with its attempts. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Services } from '../../application/tag-request.ts';
import { HangtagError } from '../../domain/errors.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { pageFields } from '../page-query.ts';
import { malformed, problemsOf } from '../tag-query.ts';
import { uuid } from '../uuid.ts';

const admin = { config: { scope: 'admin' } } as const;
const query = z.strictObject({
  ...pageFields,
  subscription: z.string().regex(uuid, 'must be the id of a subscription').optional(),
  state: z.enum(['waiting', 'delivered', 'failed']).optional(),
});
const place = z.strictObject({ position: z.int().min(0), id: z.string().regex(uuid) });

export function deliveriesRoutes(app: FastifyInstance, { outgoing }: Services): void {
  app.get('/admin/deliveries', admin, async (request, reply) => {
    const parsed = query.safeParse(request.query);
    if (!parsed.success) throw malformed(problemsOf(parsed.error, 'query'));
    const { limit, cursor, subscription = null, state = null } = parsed.data;
    const list = JSON.stringify(['deliveries', subscription, state]);
    const after = cursor === undefined ? null : readCursor(cursor, list, place);
    const { items, next } = await outgoing.listDeliveries({ subscription, state, limit, after });
    reply.header('cache-control', 'no-store');
    return { items, next: writeCursor(next, list) };
  });

  app.post<{ Params: { id: string } }>('/admin/deliveries/:id/retry', admin, async (request, reply) => {
    const { id } = request.params;
    if (!uuid.test(id)) throw new HangtagError('delivery.not_found', 'A delivery’s id is a UUID.');
    await outgoing.retryDelivery(id.toLowerCase());
    return reply.code(202).send();
  });
}
