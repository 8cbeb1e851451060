/** Events and who signed them. */

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
