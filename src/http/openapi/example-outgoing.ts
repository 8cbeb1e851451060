/** What events, subscriptions and deliveries look like. */
import { operation, reviewed, tagged } from './example-tags.ts';

const subscriptionId = '3f5f8f0e-5b0a-4c53-9a52-6f0a4b0f9c01';
const eventId = '7f1c9a52-0d4b-4a0e-9a3c-2b1f7c55d102';
const at = '2026-11-23T09:05:00.000Z';

const taggedEvent = {
  id: eventId,
  type: 'product.tagged',
  timestamp: at,
  data: {
    productId: 'sku-1',
    revision: 2,
    cause: 'review',
    causeId: null,
    tagSet: reviewed,
    changes: [
      {
        attribute: 'color',
        variant: null,
        before: { status: 'accepted', source: 'model', values: ['navy'] },
        after: { status: 'accepted', source: 'human', values: ['navy', 'white'] },
      },
    ],
  },
};
const failedEvent = {
  id: '1f0f2f8e-3c0d-4e55-8a61-0c1b2d3e4f05',
  type: 'product.tag_failed',
  timestamp: at,
  data: {
    productId: tagged.productId,
    operationId: operation.id,
    cause: 'request',
    error: { code: 'image.unreadable', detail: 'The image is cut off or damaged.' },
  },
};
const deletedEvent = {
  id: '9b7de6a1-1c2d-4b3e-8f4a-5b6c7d8e9f06',
  type: 'product.deleted',
  timestamp: at,
  data: { productId: 'sku-2' },
};

const subscription = {
  id: subscriptionId,
  url: 'https://shop.example.com/hooks/hangtag',
  events: ['product.tagged', 'product.deleted'],
  maxPerSecond: 20,
  state: 'active',
  reason: null,
  since: '2026-11-23T09:00:00.000Z',
  createdAt: '2026-11-23T09:00:00.000Z',
  waiting: 0,
  failed: 0,
};

const delivery = {
  id: 'c2d7a1b0-6a4e-4f7b-9d80-1a2b3c4d5e03',
  subscriptionId,
  eventId,
  type: 'product.tagged',
  state: 'waiting',
  attempts: [{ at, status: 503, error: 'The receiver answered 503.', ms: 112, answer: 'busy' }],
  nextAt: '2026-11-23T09:05:05.000Z',
  createdAt: at,
};

export const outgoingExamples = {
  changes: {
    summary: 'Three events, and where to go on',
    value: { items: [taggedEvent, failedEvent, deletedEvent], next: 'eyJwb3NpdGlvbiI6M30.7bQx0g3mGk2p' },
  },
  subscribe: {
    summary: 'Tags and deletions, twenty a second',
    value: { url: subscription.url, events: subscription.events, maxPerSecond: 20 },
  },
  subscribed: {
    summary: 'With its secret, this once',
    value: { ...subscription, secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD' },
  },
  subscription: { summary: 'Active', value: subscription },
  subscriptions: {
    summary: 'One that was disabled',
    value: {
      items: [
        {
          ...subscription,
          state: 'disabled',
          reason: 'The receiver answered 410: it wants no more events.',
          waiting: 3,
        },
      ],
      next: null,
    },
  },
  ping: {
    summary: 'The receiver took it',
    value: { eventId: failedEvent.id, status: 200, error: null, ms: 48, answer: 'ok' },
  },
  pingFailed: {
    summary: 'Nobody answered',
    value: {
      eventId: failedEvent.id,
      status: null,
      error: 'The receiver did not answer within 10 s.',
      ms: 10000,
      answer: null,
    },
  },
  deliveries: { summary: 'Waiting for its second attempt', value: { items: [delivery], next: null } },
} as const;
