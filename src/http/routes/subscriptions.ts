/** `/admin/subscriptions`: who is told of events. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Services } from '../../application/tag-request.ts';
import { HangtagError } from '../../domain/errors.ts';
import { malformed, problemsOf } from '../tag-query.ts';
import { uuid } from '../uuid.ts';
import { newSubscriptionSchema } from '../wire-outgoing.ts';

const admin = { config: { scope: 'admin' } } as const;
const maxBytes = 16 * 2 ** 10;
const nothing = z.strictObject({});

interface WithId {
  Params: { id: string };
}

export function subscriptionsRoutes(app: FastifyInstance, { outgoing }: Services): void {
  app.post('/admin/subscriptions', { ...admin, bodyLimit: maxBytes }, async (request, reply) => {
    const parsed = newSubscriptionSchema.safeParse(request.body);
    if (!parsed.success) throw malformed(problemsOf(parsed.error, ''));
    const { url, events, maxPerSecond } = parsed.data;
    const made = await outgoing.subscribe({ url, events, maxPerSecond: maxPerSecond ?? null });
    return reply
      .code(201)
      .header('location', `/admin/subscriptions/${made.id}`)
      .header('cache-control', 'no-store')
      .send(made);
  });

  app.get('/admin/subscriptions', admin, async (request, reply) => {
    const parsed = nothing.safeParse(request.query);
    if (!parsed.success) throw malformed(problemsOf(parsed.error, 'query'));
    reply.header('cache-control', 'no-store');
    return { items: await outgoing.listSubscriptions(), next: null };
  });

  app.delete<WithId>('/admin/subscriptions/:id', admin, async (request, reply) => {
    const { id } = request.params;
    if (uuid.test(id)) await outgoing.unsubscribe(id);
    return reply.code(204).send();
  });

  app.post<WithId>('/admin/subscriptions/:id/test', admin, async (request) =>
    outgoing.pingSubscription(known(request.params.id)),
  );

  app.post<WithId>('/admin/subscriptions/:id/enable', admin, async (request) =>
    outgoing.enableSubscription(known(request.params.id)),
  );
}

function known(id: string): string {
  if (uuid.test(id)) return id.toLowerCase();
  throw new HangtagError('subscription.not_found', 'A subscription’s id is a UUID.');
}
