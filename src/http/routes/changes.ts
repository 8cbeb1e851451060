/** `GET /changes`: the events that subscribers get, for those who come for them. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Services } from '../../application/tag-request.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { pageFields } from '../page-query.ts';
import { malformed, problemsOf } from '../tag-query.ts';

const query = z.strictObject({ limit: pageFields.limit, after: pageFields.cursor });
const list = 'changes';
const position = z.strictObject({ position: z.int().min(0) });

export function changesRoute(app: FastifyInstance, services: Services): void {
  app.get('/changes', { config: { scope: 'read' } }, async (request, reply) => {
    const parsed = query.safeParse(request.query);
    if (!parsed.success) throw malformed(problemsOf(parsed.error, 'query'));
    const { limit, after } = parsed.data;
    const from = after === undefined ? null : readCursor(after, list, position, '/query/after').position;
    const page = await services.outgoing.readChanges(from, limit);
    const next = writeCursor({ position: page.position }, list);
    reply.header('cache-control', 'no-store').type('application/json; charset=utf-8');
    // The very texts that were sent.
    return `{"items":[${page.bodies.join(',')}],"next":${JSON.stringify(next)}}`;
  });
}
