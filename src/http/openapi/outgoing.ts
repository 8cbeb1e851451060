/** The calls on events that are told to others. */
import {
  changesSchema,
  createdSubscriptionSchema,
  deliveriesSchema,
  newSubscriptionSchema,
  pingSchema,
  subscriptionSchema,
  subscriptionsSchema,
} from '../wire-outgoing.ts';
import { examplesOf } from './examples.ts';
import { type Json, json, page, query, reference, refusals, scope, text } from './parts.ts';

const idOf = (of: string): Json => ({
  name: 'id',
  in: 'path',
  required: true,
  description: `Of the ${of}: a UUID.`,
  schema: { type: 'string', format: 'uuid' },
  example: '3f5f8f0e-5b0a-4c53-9a52-6f0a4b0f9c01',
});

const changes: Json = {
  get: {
    operationId: 'readChanges',
    tags: ['Events'],
    ...scope(
      'read',
      'The events that subscribers get, in one order, for 30 days. Keep `next` and come back with it as `after`: nothing is missed and nothing comes twice. What came before a deletion of its product is gone from here. A cursor from before what is kept: 410 `changes.expired`; read `GET /products` anew then, and go on from a call without `after`.',
    ),
    summary: 'What happened since',
    parameters: [
      query(
        'after',
        'The `next` of the call before; without it from the oldest event that is kept. Opaque.',
        {
          type: 'string',
        },
      ),
      page[0],
    ],
    responses: {
      200: json(changesSchema, 'Events, oldest first; none where nothing is new.', {}, ['changes']),
      ...refusals('changes.expired'),
    },
  },
};

const subscriptions: Json = {
  get: {
    operationId: 'listSubscriptions',
    tags: ['Events'],
    ...scope('admin'),
    summary: 'Who is told, oldest first',
    responses: {
      200: json(subscriptionsSchema, 'All of them; there are no more than 100.', {}, ['subscriptions']),
      ...refusals(),
    },
  },
  post: {
    operationId: 'subscribe',
    tags: ['Events'],
    ...scope(
      'admin',
      'From now on events of these types are sent to the URL as `POST`, signed as Standard Webhooks has it. Any 2xx within ten seconds is taken for received. Where the URL may lead: `docs/events.md`.',
    ),
    summary: 'Be told of events',
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: reference(newSubscriptionSchema, 'input'),
          ...examplesOf(['subscribe']),
        },
      },
    },
    responses: {
      201: json(
        createdSubscriptionSchema,
        'The subscription, and its secret.',
        { Location: text('`/admin/subscriptions/{id}`') },
        ['subscribed'],
      ),
      ...refusals('subscription.refused', 'request.unsupported_type', 'secrets.unavailable'),
    },
  },
};

const oneSubscription: Json = {
  delete: {
    operationId: 'unsubscribe',
    tags: ['Events'],
    ...scope('admin', 'What still waits for it is not sent.'),
    summary: 'Be told no more',
    parameters: [idOf('subscription')],
    responses: {
      204: { description: 'Gone, or never known.' },
      ...refusals('request.unsupported_type'),
    },
  },
};

const test: Json = {
  post: {
    operationId: 'pingSubscription',
    tags: ['Events'],
    ...scope('admin', 'Sends an event of type `ping`, signed as the others, that is in no feed and no log.'),
    summary: 'Try it now, and see what the receiver says',
    parameters: [idOf('subscription')],
    responses: {
      200: json(pingSchema, 'What became of it.', {}, ['ping', 'pingFailed']),
      ...refusals('subscription.not_found', 'request.unsupported_type', 'secrets.unavailable'),
    },
  },
};

const enable: Json = {
  post: {
    operationId: 'enableSubscription',
    tags: ['Events'],
    ...scope(
      'admin',
      'What waited goes on, with all its attempts ahead. What happened while it was disabled was not put down for it: `GET /changes` has it.',
    ),
    summary: 'Take up a disabled subscription again',
    parameters: [idOf('subscription')],
    responses: {
      200: json(subscriptionSchema, 'Active.', {}, ['subscription']),
      ...refusals('subscription.not_found', 'request.unsupported_type'),
    },
  },
};

const deliveries: Json = {
  get: {
    operationId: 'listDeliveries',
    tags: ['Events'],
    ...scope('admin', 'With every attempt: when, what the receiver answered, how long it took.'),
    summary: 'How the telling fares, newest first',
    parameters: [
      query('subscription', 'Only those of this one, by its id.', { type: 'string', format: 'uuid' }),
      query('state', 'Only those.', { enum: ['waiting', 'delivered', 'failed'] }),
      ...page,
    ],
    responses: {
      200: json(deliveriesSchema, 'A page of deliveries.', {}, ['deliveries']),
      ...refusals(),
    },
  },
};

const retry: Json = {
  post: {
    operationId: 'retryDelivery',
    tags: ['Events'],
    ...scope(
      'admin',
      'At once, with all its attempts ahead, whatever became of it before; to a disabled subscription once it is enabled.',
    ),
    summary: 'Send it again',
    parameters: [idOf('delivery')],
    responses: {
      202: { description: 'It will be sent, with the same id and the same text.' },
      ...refusals('delivery.not_found', 'request.unsupported_type'),
    },
  },
};

export const outgoingPaths: Json = {
  '/changes': changes,
  '/admin/subscriptions': subscriptions,
  '/admin/subscriptions/{id}': oneSubscription,
  '/admin/subscriptions/{id}/test': test,
  '/admin/subscriptions/{id}/enable': enable,
  '/admin/deliveries': deliveries,
  '/admin/deliveries/{id}/retry': retry,
};
