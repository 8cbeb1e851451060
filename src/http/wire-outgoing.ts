/** Events, subscriptions and deliveries as the wire gives and takes them. */
import { z } from 'zod';
import { outgoingTypes } from '../domain/events/outgoing.ts';
import { operationSchema } from './wire-operation.ts';
import { tagSetSchema } from './wire-schemas.ts';

const standing = z
  .strictObject({
    status: z.enum(['accepted', 'suggested', 'abstained', 'cleared']),
    source: z.enum(['model', 'human', 'merchant']),
    values: z
      .array(z.string())
      .meta({ description: 'Ids; the name of a value that the taxonomy does not know.' }),
  })
  .nullable();

export const tagChangeSchema = z
  .strictObject({
    attribute: z.string().meta({ description: '`category` for the category.' }),
    variant: z.string().nullable().meta({ description: 'Null for what all variants share.' }),
    before: standing.meta({ description: 'Null where there was nothing.' }),
    after: standing.meta({ description: 'Null where there is nothing any more.' }),
  })
  .meta({ id: 'TagChange' });

const cause = z
  .enum(['request', 'webhook', 'import', 'review', 'retag', 'restore'])
  .meta({ description: 'Why. More may be added.' });

const envelope = <T extends string, D extends z.ZodType>(type: T, data: D) =>
  z.strictObject({
    id: z.uuid().meta({ description: 'The same in every attempt and in `GET /changes`.' }),
    type: z.literal(type),
    timestamp: z.iso.datetime().meta({ description: 'When it came to be.' }),
    data,
  });

const productId = z.string();
const count = z.int().min(0);
/** Each with its own `data`; those of jobs say what the job says of itself. */
export const outgoingEventSchema = z
  .discriminatedUnion('type', [
    envelope(
      'product.tagged',
      z.strictObject({
        productId,
        revision: z.int().min(1),
        cause,
        causeId: z.string().nullable().meta({ description: 'Of the operation, import or job behind it.' }),
        tagSet: tagSetSchema,
        changes: z
          .array(tagChangeSchema)
          .meta({ description: 'Empty where only pictures, the title, reasons or bars changed.' }),
      }),
    ),
    envelope('product.deleted', z.strictObject({ productId })),
    envelope(
      'product.tag_failed',
      z.strictObject({
        productId,
        operationId: z.uuid(),
        cause,
        error: operationSchema.shape.error.unwrap(),
      }),
    ),
    envelope(
      'import.finished',
      z.strictObject({ importId: z.uuid(), total: count, changed: count, unchanged: count, failed: count }),
    ),
    envelope('retag_job.finished', z.looseObject({})),
  ])
  .meta({ id: 'Event', description: 'As subscribers get it. More types may be added: ignore those.' });

export const changesSchema = z
  .strictObject({
    items: z.array(outgoingEventSchema),
    next: z.string().meta({
      description: 'The `after` of the next call. Never null: at the end it is where news will come.',
    }),
  })
  .meta({ id: 'Changes' });

const eventTypes = z.enum(outgoingTypes);

export const newSubscriptionSchema = z
  .strictObject({
    url: z
      .string()
      .min(1)
      .max(2048)
      .meta({ description: 'https, on the public internet, without a password.' }),
    events: z
      .array(eventTypes)
      .min(1)
      .max(outgoingTypes.length)
      .meta({ description: 'Only these are sent.' }),
    maxPerSecond: z
      .number()
      .min(0.1)
      .max(1000)
      .nullish()
      .meta({ description: 'No more are sent in a second; absent: as fast as it answers.' }),
  })
  .meta({ id: 'NewSubscription' });

export const subscriptionSchema = z
  .strictObject({
    id: z.uuid(),
    url: z.string(),
    events: z.array(eventTypes),
    maxPerSecond: z.number().nullable(),
    state: z.enum(['active', 'disabled']),
    reason: z.string().nullable().meta({ description: 'Why it is disabled.' }),
    since: z.iso.datetime().meta({ description: 'In this state since.' }),
    createdAt: z.iso.datetime(),
    waiting: z
      .int()
      .min(0)
      .meta({ description: 'Deliveries that wait for their turn or their next attempt.' }),
    failed: z.int().min(0).meta({ description: 'Deliveries whose attempts are used up.' }),
  })
  .meta({ id: 'Subscription' });

export const createdSubscriptionSchema = subscriptionSchema
  .extend({
    secret: z.string().meta({ description: '`whsec_…`: signs what is sent. It is not shown again.' }),
  })
  .meta({ id: 'CreatedSubscription' });

export const subscriptionsSchema = z
  .strictObject({ items: z.array(subscriptionSchema), next: z.null() })
  .meta({ id: 'Subscriptions' });

export const pingSchema = z
  .strictObject({
    eventId: z.uuid(),
    status: z.int().nullable().meta({ description: 'What the receiver answered; null where it did not.' }),
    error: z.string().nullable().meta({ description: 'Null for 2xx.' }),
    ms: z.int().min(0),
    answer: z.string().nullable().meta({ description: 'The beginning of its answer.' }),
  })
  .meta({ id: 'Ping' });

export const deliverySchema = z
  .strictObject({
    id: z.uuid(),
    subscriptionId: z.uuid(),
    eventId: z.uuid(),
    type: eventTypes,
    state: z.enum(['waiting', 'delivered', 'failed']),
    attempts: z
      .array(
        z.strictObject({
          at: z.iso.datetime(),
          status: z.int().nullable(),
          error: z.string().nullable(),
          ms: z.int().min(0),
          answer: z.string().nullable().meta({ description: 'The beginning of the receiver’s answer.' }),
        }),
      )
      .meta({ description: 'Oldest first; the last twenty.' }),
    nextAt: z.iso.datetime().nullable().meta({ description: 'When it is sent again, at the earliest.' }),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Delivery' });

export const deliveriesSchema = z
  .strictObject({
    items: z.array(deliverySchema),
    next: z.string().nullable().meta({ description: 'The `cursor` of the page after; null at the end.' }),
  })
  .meta({ id: 'Deliveries' });
