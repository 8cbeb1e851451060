/** One attempt at telling: the event's text, signed for the moment at which it is sent. */
import type { SignEvent } from './ports-events.ts';
import type { Posted, Poster } from './ports-outgoing.ts';

export interface Telling {
  readonly url: string;
  readonly eventId: string;
  /** Now, RFC 3339. */
  readonly at: string;
  readonly body: string;
}

export async function sendEvent(
  { poster, sign }: { readonly poster: Poster; readonly sign: SignEvent },
  { url, eventId, at, body }: Telling,
): Promise<Posted> {
  const signed = sign(eventId, new Date(at), new TextEncoder().encode(body));
  return poster.post(url, { ...signed, 'content-type': 'application/json; charset=utf-8' }, body);
}
