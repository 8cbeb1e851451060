/**
 * A text by https (or from a bucket), as it arrives: whoever reads it sets the pace. Every address and every redirect is checked as
 * for pictures; it may be long and take long, but not stand still.
 */
import { request } from 'undici';
import type { OpenText } from '../../application/ports-imports.ts';
import { HangtagError } from '../../domain/errors.ts';
import { judgeUrl, placeOf, readOrigins } from './allowed-url.ts';
import { faultOf, refused, statusFault, unavailable } from './fetch-faults.ts';
import { type ConnectOptions, createAgents } from './guarded-agent.ts';
import { follow, one } from './redirect.ts';
import { readRetryAfter } from './retry-after.ts';

export interface OpenTextOptions extends ConnectOptions {
  /** As for pictures. */
  readonly allowOrigins: readonly string[];
  /** Of buckets. */
  readonly openObject: (uri: string, signal: AbortSignal) => AsyncIterable<Uint8Array>;
  /** Milliseconds to the answer's head and between two parts of its body, and in all; 30 s and one hour unless told. */
  readonly silenceMs?: number;
  readonly totalMs?: number;
}

const redirects = 5;
const longestRest = 300;

export function createOpenText(options: OpenTextOptions): {
  readonly openText: OpenText;
  close(): Promise<void>;
} {
  const { openObject, silenceMs = 30_000, totalMs = 3_600_000 } = options;
  const allowed = readOrigins(options.allowOrigins);
  const agents = createAgents(options);

  /** The answer's body with where it came from, or where it sends us. */
  async function ask(url: URL, signal: AbortSignal) {
    const { statusCode, headers, body } = await request(url, {
      dispatcher: allowed.has(url.origin) ? agents.open : agents.guarded,
      headers: {
        accept: 'application/x-ndjson,application/jsonl,text/plain;q=0.9,*/*;q=0.5',
        'accept-encoding': 'identity',
        'user-agent': 'hangtag (import)',
      },
      headersTimeout: silenceMs,
      bodyTimeout: silenceMs,
      signal,
    });
    const drop = () => body.on('error', () => {}).destroy();
    if ([301, 302, 303, 307, 308].includes(statusCode)) {
      drop();
      return follow(one(headers.location), url, allowed);
    }
    if (statusCode !== 200) {
      drop();
      throw statusFault(statusCode, url, readRetryAfter(headers['retry-after'], longestRest));
    }
    const encoding = one(headers['content-encoding'])?.trim().toLowerCase() || 'identity';
    if (encoding === 'identity') return { body, drop };
    drop();
    throw new HangtagError('image.fetch_failed', `${placeOf(url)} was sent compressed, unasked.`);
  }

  async function* read(text: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const judged = judgeUrl(text, allowed);
    if ('reason' in judged) throw refused(`The URL is not fetched: ${judged.reason}.`);
    let { url } = judged;
    try {
      for (let hop = 0; hop <= redirects; hop++) {
        const got = await ask(url, signal);
        if (got instanceof URL) {
          url = got;
          continue;
        }
        try {
          for await (const chunk of got.body) yield chunk as Uint8Array;
        } finally {
          got.drop();
        }
        return;
      }
    } catch (error) {
      throw faultOf(error, url);
    }
    throw refused(`It is redirected more than ${redirects} times.`);
  }

  return {
    async *openText(reference, caller) {
      const late = AbortSignal.timeout(totalMs);
      const signal = AbortSignal.any([caller, late]);
      try {
        if (reference.kind === 's3') yield* openObject(reference.uri, signal);
        else yield* read(reference.url, signal);
      } catch (error) {
        if (error instanceof HangtagError && !signal.aborted) throw error;
        if (caller.aborted) throw new HangtagError('request.cancelled', 'It was given up.', { cause: error });
        if (!late.aborted) throw error;
        throw unavailable('The source did not arrive in time.', null, error);
      }
    },
    close: () => agents.close(),
  };
}
