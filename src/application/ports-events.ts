/** Incoming events: who signed them, and what they say. */
import type { CatalogEvent, EventSource } from '../domain/events/catalog-event.ts';

/** Sources that sign what they send. */
export type SignedSource = Exclude<EventSource, 'import'>;

/** Headers by lower-case name; several values where a header came more than once. */
export type SignedHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * What was proved, or why not: `unsigned` a header is missing or came twice, `malformed` it cannot be read, `stale` it was signed
 * too long ago or ahead, `forged` none of the secrets made it.
 */
export type Verdict =
  | {
      readonly valid: true;
      /** What the sender calls the event: the same when it is sent again. Only the catalog's is covered by its signature. */
      readonly eventId: string | null;
      /** When it was sent, RFC 3339; null where the sender signs no time. */
      readonly signedAt: string | null;
    }
  | { readonly valid: false; readonly why: 'unsigned' | 'malformed' | 'stale' | 'forged' };

/** Checks an event's signature over the bytes as they came, in a time that does not depend on what is wrong. */
export type VerifySignature = (headers: SignedHeaders, body: Uint8Array) => Verdict;

/** The three headers of Standard Webhooks for an event that we send. */
export type SignEvent = (
  eventId: string,
  at: Date,
  body: Uint8Array,
) => Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>>;

/** What a verified body says; a topic that hangtag has no use for is accepted and left alone. */
export type Mapped =
  | { readonly use: true; readonly event: CatalogEvent }
  | { readonly use: false; readonly topic: string };

/**
 * A verified body in the one shape of events. Refuses with `request.malformed` (every problem with its pointer),
 * `product.invalid_id`, and `event.topic_forged` where the topic, which no signature covers, does not fit the body.
 */
export type MapEvent = (headers: SignedHeaders, body: Uint8Array) => Mapped;
