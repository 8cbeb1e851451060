/**
 * JSON is counted before it is parsed: 16 MiB have room for a million keys, and parsing those keeps the one thread from
 * everybody else for seconds. A text with few values is parsed in the time that copying it takes, however long it is.
 */
import type { FastifyInstance } from 'fastify';
import { HangtagError } from '../domain/errors.ts';

/** Members and elements of one body, at most: twice what 200 attributes of a review with 50 values each come to. */
export const maxJsonValues = 20_000;

const [quote, backslash, comma, list, object] = [...'"\\,[{'].map((letter) => letter.charCodeAt(0));

/** Every JSON body of the app goes through here, then on to Fastify's own parser. */
export function countJsonFirst(app: FastifyInstance): void {
  // Names that reach into prototypes are refused, as without us.
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (hasMoreValues(body, maxJsonValues)) {
      const detail = `The JSON has more than ${maxJsonValues} values.`;
      done(new HangtagError('request.too_large', detail), undefined);
      return;
    }
    parse(request, body.toString('utf8'), done);
  });
}

/** Whether the text begins more than `most` members and elements. Looks no further than to the one too many. */
export function hasMoreValues(json: Uint8Array, most: number): boolean {
  let values = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === quote) at = endOfString(json, at + 1);
    else if ((byte === comma || byte === list || byte === object) && ++values > most) return true;
  }
  return false;
}

/** Where the closing quote stands. A picture in base64 has no escapes, and is skipped at once. */
function endOfString(json: Uint8Array, start: number): number {
  const long = start + 256;
  for (let at = start; at < json.length; at++) {
    if (json[at] === quote) return at;
    if (json[at] === backslash) at++;
    else if (at === long) {
      const next = json.indexOf(quote!, at);
      if (next < 0) return json.length;
      // An escaped quote has a backslash before it; whether that one is escaped itself, only reading on tells.
      if (json[next - 1] !== backslash) return next;
    }
  }
  return json.length;
}
