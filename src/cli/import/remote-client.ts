/** The server's imports: lines sent with patience, and what becomes of them. */
import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientOptions, ImportStopped, retryAfterMs } from './client.ts';

/** As far as it is shown. */
export interface RemoteImport {
  readonly id: string;
  readonly state: string;
  readonly dryRun: boolean;
  readonly plan: {
    readonly total: number;
    readonly invalid: number;
    readonly repeated: number;
    readonly images: number;
    readonly estimate: { readonly inferences: number | null; readonly seconds: number | null };
  };
  readonly progress: {
    readonly done: number;
    readonly changed: number;
    readonly unchanged: number;
    readonly failed: number;
    readonly ratePerSecond: number | null;
    readonly etaSeconds: number | null;
  };
  readonly error: { readonly code: string; readonly detail: string } | null;
  readonly createdAt: string;
}

export interface RemoteFailure {
  readonly line: number;
  readonly productId: string | null;
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly { readonly detail: string; readonly pointer: string }[];
}

export interface RemoteClient {
  /** `lines` gives the body anew for each try. Throws ImportStopped where it is not accepted. */
  send(
    lines: () => AsyncIterable<string | Uint8Array> | Iterable<string>,
    how: { readonly key: string; readonly dryRun: boolean },
    onSent: (bytes: number) => void,
  ): Promise<RemoteImport>;
  read(id: string): Promise<RemoteImport>;
  change(id: string, verb: string): Promise<RemoteImport>;
  failures(id: string): AsyncIterable<RemoteFailure>;
}

const busy = [429, 502, 503, 504];
const longestWaitMs = 120_000;

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: unknown;
}

export function createRemoteClient(options: ClientOptions): RemoteClient {
  const { url, key: secret, stop, tries = 6, firstWaitMs = 500, timeoutMs = 120_000 } = options;
  const access: Record<string, string> = secret ? { authorization: `Bearer ${secret}` } : {};

  /** The answer's body; tried again where that may help. Throws ImportStopped where it does not. */
  async function patiently(ask: () => Promise<Answer>): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      let asked = 0;
      try {
        const { status, retryAfter, body } = await ask();
        if (status < 300) return body;
        const detail = String((body as { detail?: unknown } | null)?.detail ?? `HTTP ${status}`);
        const misused = status === 401 || status === 403;
        if (!busy.includes(status) || attempt >= tries) throw new ImportStopped(`${url}: ${detail}`, misused);
        asked = retryAfterMs(retryAfter);
      } catch (error) {
        if (error instanceof ImportStopped || stop.aborted || attempt >= tries)
          throw error instanceof ImportStopped
            ? error
            : new ImportStopped(`${url}: ${reasonOf(error)}`, false);
      }
      const backoff = firstWaitMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
      await sleep(Math.min(longestWaitMs, Math.max(asked, backoff)), undefined, { signal: stop }).catch(
        () => {},
      );
      if (stop.aborted) throw new ImportStopped('Stopped.', false);
    }
  }

  async function call(target: string, method = 'GET'): Promise<Answer> {
    const answer = await fetch(`${url}${target}`, {
      method,
      headers: access,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body = await answer.json().catch(() => null);
    return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body };
  }

  /** Not by `fetch`: that gives up on an answer that takes long, and this one comes when everything is received. */
  async function upload(
    target: string,
    headers: Record<string, string>,
    lines: AsyncIterable<string | Uint8Array> | Iterable<string>,
    onSent: (bytes: number) => void,
  ): Promise<Answer> {
    const { request } = url.startsWith('https:') ? https : http;
    const call = request(`${url}${target}`, { method: 'POST', headers, signal: stop });
    const answered = once(call, 'response') as Promise<[http.IncomingMessage]>;
    answered.catch(() => {});
    async function* counted() {
      let bytes = 0;
      for await (const part of lines) {
        const chunk = Buffer.from(part);
        bytes += chunk.length;
        yield chunk;
        onSent(bytes);
      }
    }
    // A refusal may come before everything is sent: then it is what counts, not that sending broke off.
    const sent = pipeline(Readable.from(counted(), { objectMode: false }), call);
    sent.catch(() => {});
    const [answer] = await Promise.race([answered, sent.then(() => answered)]);
    const parts: Buffer[] = [];
    for await (const part of answer) parts.push(part as Buffer);
    return {
      status: answer.statusCode ?? 0,
      retryAfter: answer.headers['retry-after'] ?? null,
      body: parsed(Buffer.concat(parts).toString()),
    };
  }

  return {
    async send(lines, { key, dryRun }, onSent) {
      const headers = { ...access, 'content-type': 'application/x-ndjson', 'idempotency-key': key };
      const target = `/admin/imports${dryRun ? '?dryRun=true' : ''}`;
      return (await patiently(() => upload(target, headers, lines(), onSent))) as RemoteImport;
    },
    read: async (id) => (await patiently(() => call(`/admin/imports/${id}`))) as RemoteImport,
    change: async (id, verb) =>
      (await patiently(() => call(`/admin/imports/${id}/${verb}`, 'POST'))) as RemoteImport,
    async *failures(id) {
      for (let cursor: string | null = ''; cursor !== null; ) {
        const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const page = (await patiently(() => call(`/admin/imports/${id}/failures?limit=200${more}`))) as {
          readonly items: readonly RemoteFailure[];
          readonly next: string | null;
        };
        yield* page.items;
        cursor = page.next;
      }
    },
  };
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
