/**
 * Pictures by https, from wherever a stranger says: every address and every redirect is checked before anything is sent there, and
 * nothing is read longer or larger than allowed. Reasons name the host and the path, never a query, which may hold a signature.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Dispatcher, request } from 'undici';
import type { Fetched, FetchImage, Validators } from '../../application/ports-web.ts';
import { HangtagError } from '../../domain/errors.ts';
import { judgeUrl, type Origins, placeOf, readOrigins } from './allowed-url.ts';
import { faultOf, refused, statusFault, unavailable } from './fetch-faults.ts';
import { type ConnectOptions, createAgents } from './guarded-agent.ts';
import { createHostLines } from './host-lines.ts';
import { readBody } from './read-body.ts';
import { follow, one } from './redirect.ts';
import { createRestingHosts } from './resting-hosts.ts';
import { readRetryAfter } from './retry-after.ts';
import { smallerRendition } from './shop-cdn.ts';
import { until } from './until.ts';

export interface FetchImageOptions extends ConnectOptions {
  /** Origins that are taken as they are, though they be http, on another port, or inside. Throws a TypeError for others. */
  readonly allowOrigins: readonly string[];
  /** Pixels that known shop CDNs are asked for; 0 for the original. */
  readonly imageWidth: number;
  /** Of buckets. */
  readonly fetchS3: FetchImage;
  /** Calls to one host at a time; 4 unless told. */
  readonly perHost?: number;
  /** Milliseconds to the answer's head, and to its end with all tries; 10 s and 30 s unless told. */
  readonly headersMs?: number;
  readonly totalMs?: number;
  /** Bytes; 20 MiB unless told. */
  readonly maxBytes?: number;
}

const redirects = 5;
const tries = 3;
/** Seconds: longer waits are the caller's. */
const shortWait = 2;
const restAtMost = 3600;

export function createFetchImage(options: FetchImageOptions): {
  readonly fetchImage: FetchImage;
  close(): Promise<void>;
} {
  const { imageWidth, fetchS3, perHost = 4, headersMs = 10_000, totalMs = 30_000 } = options;
  const maxBytes = options.maxBytes ?? 20 * 2 ** 20;
  const allowed: Origins = readOrigins(options.allowOrigins);
  const agents = createAgents(options);
  const lines = createHostLines({ perHost, waiting: 256, waitMs: totalMs });
  const resting = createRestingHosts();

  /** One call: what came, or where it sends us. */
  async function ask(url: URL, known: Validators | null, signal: AbortSignal): Promise<Fetched | URL> {
    const left = resting.left(url.host);
    if (left !== null) throw unavailable('The server of the image asked to be left alone.', left);
    const answer = await request(url, {
      dispatcher: allowed.has(url.origin) ? agents.open : agents.guarded,
      headers: headersFor(known),
      headersTimeout: headersMs,
      bodyTimeout: headersMs,
      signal,
    });
    try {
      const { statusCode: status, headers } = answer;
      if (status === 304 && known) return { changed: false };
      if ([301, 302, 303, 307, 308].includes(status)) return follow(one(headers.location), url, allowed);
      if (status !== 200) {
        const retryAfter = readRetryAfter(headers['retry-after'], restAtMost);
        if (status === 429) resting.rest(url.host, retryAfter ?? 0);
        throw statusFault(status, url, retryAfter);
      }
      return { changed: true, bytes: await read(answer, url, maxBytes), validators: said(headers) };
    } finally {
      // What is not wanted any more is not waited for.
      answer.body.on('error', () => {}).destroy();
    }
  }

  async function road(first: URL, known: Validators | null, signal: AbortSignal): Promise<Fetched> {
    let url = first;
    for (let hop = 0; hop <= redirects; hop++) {
      const here = url;
      const got = await lines
        .run(here.host, signal, () => ask(here, known, signal))
        .catch((error) => {
          throw faultOf(error, here);
        });
      if (!(got instanceof URL)) return got;
      url = got;
    }
    throw refused(`It is redirected more than ${redirects} times.`);
  }

  async function patiently(url: URL, known: Validators | null, signal: AbortSignal): Promise<Fetched> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await road(url, known, signal);
      } catch (error) {
        if (!(error instanceof HangtagError) || error.code !== 'image.fetch_unavailable') throw error;
        const wait = error.retryAfter ?? 0;
        if (attempt === tries || wait > shortWait || signal.aborted) throw error;
        await pause(Math.max(wait * 1000, 100 * 2 ** attempt * (0.5 + Math.random())), undefined, { signal });
      }
    }
  }

  async function fetchUrl(text: string, known: Validators | null, signal: AbortSignal): Promise<Fetched> {
    const judged = judgeUrl(text, allowed);
    if ('reason' in judged) throw refused(`The URL is not fetched: ${judged.reason}.`);
    const small = imageWidth > 0 ? smallerRendition(judged.url, imageWidth) : null;
    if (!small) return patiently(judged.url, known, signal);
    try {
      return await patiently(small, known, signal);
    } catch (error) {
      if (!(error instanceof HangtagError) || error.code !== 'image.fetch_failed') throw error;
      return patiently(judged.url, known, signal);
    }
  }

  return {
    async fetchImage(reference, known, signal) {
      if (reference.kind === 's3') return fetchS3(reference, known, signal);
      try {
        return await until(totalMs, signal, (over) => fetchUrl(reference.url, known, over));
      } catch (error) {
        if (error instanceof HangtagError) throw error;
        throw unavailable('The server of the image did not answer in time.', null, error);
      }
    },
    close: () => agents.close(),
  };
}

function headersFor(known: Validators | null): Record<string, string> {
  return {
    accept: 'image/avif,image/webp,image/jpeg,image/png,image/gif,image/tiff,image/*;q=0.5',
    // A body that unpacks to more than it weighs would slip by the limit.
    'accept-encoding': 'identity',
    'user-agent': 'hangtag (image fetcher)',
    ...(known?.etag ? { 'if-none-match': known.etag } : {}),
    ...(known?.lastModified ? { 'if-modified-since': known.lastModified } : {}),
  };
}

type Headers = Dispatcher.ResponseData['headers'];

async function read({ headers, body }: Dispatcher.ResponseData, url: URL, most: number): Promise<Uint8Array> {
  const type = one(headers['content-type'])?.toLowerCase() ?? '';
  if (/^(text\/|application\/(json|xml|xhtml))/.test(type))
    throw new HangtagError('image.fetch_failed', `${placeOf(url)} is no image, but ${type.split(';')[0]}.`);
  const encoding = one(headers['content-encoding'])?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== '')
    throw new HangtagError('image.fetch_failed', `${placeOf(url)} was sent compressed, unasked.`);
  return readBody(body, Number(one(headers['content-length'])), most);
}

/** Only what can be sent back as it came: one that cannot would keep the picture from being fetched ever again. */
function said(headers: Headers): Validators {
  const plain = (text: string | undefined) =>
    text !== undefined && /^[\x20-\x7e]{1,512}$/.test(text) ? text : null;
  return { etag: plain(one(headers.etag)), lastModified: plain(one(headers['last-modified'])) };
}
