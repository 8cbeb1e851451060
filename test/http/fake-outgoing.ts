/** Subscriptions and deliveries that behave: one of each, and a feed of one event. */
import type { Delivery, Subscription } from '../../src/application/ports-outgoing.ts';
import type { OutgoingServices } from '../../src/application/tag-request.ts';
import { HangtagError } from '../../src/domain/errors.ts';

export const knownId = '3f5f8f0e-5b0a-4c53-9a52-6f0a4b0f9c01';
const at = '2026-11-23T09:00:00.000Z';

export const fakeSubscription: Subscription = {
  id: knownId,
  url: 'https://shop.example.com/hooks',
  events: ['product.tagged'],
  maxPerSecond: null,
  state: 'active',
  reason: null,
  since: at,
  createdAt: at,
  waiting: 1,
  failed: 0,
};

const delivery: Delivery = {
  id: knownId,
  subscriptionId: knownId,
  eventId: knownId,
  type: 'product.tagged',
  state: 'waiting',
  attempts: [{ at, status: 500, error: 'The receiver answered 500.', ms: 3, answer: null }],
  nextAt: at,
  createdAt: at,
};

const deleted = JSON.stringify({
  id: knownId,
  type: 'product.deleted',
  timestamp: at,
  data: { productId: 'gid://ä \u0000' },
});

const known = (id: string) => {
  if (id !== knownId) throw new HangtagError('subscription.not_found', 'There is no such subscription.');
};

export const fakeOutgoing: OutgoingServices = {
  async readChanges(after) {
    if (after === 1) throw new HangtagError('changes.expired', 'They are gone.');
    return after === null ? { bodies: [deleted, deleted], position: 2 } : { bodies: [], position: after };
  },
  async subscribe(wish) {
    if (wish.url.includes('10.0.0.1'))
      throw new HangtagError('subscription.refused', 'Events are not sent to this URL.');
    return { ...fakeSubscription, ...wish, secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD' };
  },
  listSubscriptions: async () => [fakeSubscription],
  unsubscribe: async () => {},
  async enableSubscription(id) {
    known(id);
    return fakeSubscription;
  },
  async pingSubscription(id) {
    known(id);
    return { eventId: knownId, status: 200, error: null, ms: 5, answer: 'ok' };
  },
  async listDeliveries({ after }) {
    return { items: [delivery], next: after ? null : { position: 7, id: knownId } };
  },
  async retryDelivery(id) {
    if (id !== knownId) throw new HangtagError('delivery.not_found', 'There is no such delivery.');
  },
};
