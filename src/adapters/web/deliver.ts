/**
 * Events posted to addresses that somebody else chose: judged as image URLs are, never redirected, never longer than the deadline. What
 * goes wrong is said in words that repeat nothing of the URL but its host.
 */
import { type Dispatcher, request } from 'undici';
import type { Posted, Poster } from '../../application/ports-outgoing.ts';
import { judgeUrl, readOrigins } from './allowed-url.ts';
import { AddressRefused, type ConnectOptions, createAgents } from './guarded-agent.ts';
import { readRetryAfter } from './retry-after.ts';

export interface PosterOptions extends ConnectOptions {
  /** Origins that are taken as they are. Throws a TypeError for what is no origin. */
  readonly allowOrigins: readonly string[];
  /** Milliseconds for all of it; 10 s unless told. */
  readonly deadlineMs?: number;
}

/** Bytes of an answer: read, and kept. */
const mostRead = 64 * 2 ** 10;
const mostKept = 2 ** 10;
/** Seconds. What is made of it is the caller's business. */
const longestWait = 86_400;

export function createPoster(options: PosterOptions): Poster & { close(): Promise<void> } {
  const { deadlineMs = 10_000 } = options;
  const allowed = readOrigins(options.allowOrigins);
  const agents = createAgents(options);

  async function send(url: URL, headers: Readonly<Record<string, string>>, body: string, over: AbortSignal) {
    const answer = await request(url, {
      method: 'POST',
      dispatcher: allowed.has(url.origin) ? agents.open : agents.guarded,
      headers: { ...headers, 'user-agent': 'hangtag (events)', accept: '*/*', 'accept-encoding': 'identity' },
      body: Buffer.from(body),
      headersTimeout: deadlineMs,
      bodyTimeout: deadlineMs,
      signal: over,
    });
    const { statusCode: status } = answer;
    const text = await beginning(answer.body);
    const error = status >= 200 && status < 300 ? null : said(status);
    return {
      status,
      error,
      answer: text,
      retryAfter: readRetryAfter(answer.headers['retry-after'], longestWait),
    };
  }

  return {
    refusal(text) {
      const judged = judgeUrl(text, allowed);
      return 'reason' in judged ? judged.reason : null;
    },
    async post(text, headers, body): Promise<Posted> {
      const started = performance.now();
      const since = () => Math.round(performance.now() - started);
      const nothing = { status: null, answer: null, retryAfter: null };
      // What was allowed once may have been taken back since.
      const judged = judgeUrl(text, allowed);
      if ('reason' in judged)
        return { ...nothing, error: `Events are not sent to this URL: ${judged.reason}.`, ms: 0 };
      const over = AbortSignal.timeout(deadlineMs);
      try {
        return { ...(await send(judged.url, headers, body, over)), ms: since() };
      } catch (error) {
        const why = over.aborted ? late(deadlineMs) : fault(error, judged.url);
        return { ...nothing, error: why, ms: since() };
      }
    },
    close: () => agents.close(),
  };
}

/** As much as may be read; one that breaks off or dawdles has answered all the same. */
async function beginning(body: Dispatcher.ResponseData['body']): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  body.on('error', () => {});
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (bytes < mostKept) chunks.push(chunk.subarray(0, mostKept - bytes));
      bytes += chunk.byteLength;
      if (bytes > mostRead) break;
    }
  } catch {
    // The status counts.
  } finally {
    body.destroy();
  }
  // A character that was cut in two is left out.
  const text = new TextDecoder().decode(Buffer.concat(chunks), { stream: true });
  return text === '' ? null : text;
}

function said(status: number): string {
  const redirect = status >= 300 && status < 400 ? ' Redirects are not followed.' : '';
  return `The receiver answered ${status}.${redirect}`;
}

function late(ms: number): string {
  return `The receiver did not answer within ${ms / 1000} s.`;
}

function fault(error: unknown, { hostname }: URL): string {
  if (error instanceof AddressRefused || (error as Error)?.cause instanceof AddressRefused)
    return `The host ${hostname} is not on the public internet.`;
  const code = (error as NodeJS.ErrnoException)?.code;
  return `${hostname} cannot be reached: ${typeof code === 'string' ? code : 'the call failed'}.`;
}
