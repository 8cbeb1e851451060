/** One product to the server, with patience: busy answers and broken connections are tried again, a few times. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ImportProduct } from './product.ts';

export interface Failure {
  readonly id: string;
  /** HTTP status, or null where there was no answer. */
  readonly status: number | null;
  readonly code: string;
  readonly detail: string;
}

export type Outcome =
  | {
      readonly kind: 'tagged' /** Images that the server could not use. */;
      readonly faults: readonly Failure[];
    }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** Stopped by the user while it waited: nothing was stored. */
  | { readonly kind: 'stopped' };

/** No product can be sent any more: the server is away, or refuses the key. */
export class ImportStopped extends Error {
  /** The caller's to put right: the key or the address. */
  readonly misused: boolean;
  constructor(message: string, misused: boolean) {
    super(message);
    this.name = 'ImportStopped';
    this.misused = misused;
  }
}

export interface ClientOptions {
  readonly url: string;
  readonly key: string | null;
  /** Fires when the user asks to stop: waits end, requests on their way do not. */
  readonly stop: AbortSignal;
  /** Tries of one product, at most; 6 unless told. */
  readonly tries?: number;
  /** Milliseconds before the second try, doubled for each one more; 500 unless told. */
  readonly firstWaitMs?: number;
  /** Milliseconds for one request; 2 minutes unless told. */
  readonly timeoutMs?: number;
}

export interface Client {
  /** Throws ImportStopped where nobody answers at this address or the key is refused. */
  check(): Promise<void>;
  send(product: ImportProduct): Promise<Outcome>;
}

const mostBytes = 64 * 2 ** 20;
const longestWaitMs = 120_000;
const busy = [429, 502, 503, 504];

export function createClient(options: ClientOptions): Client {
  const { url, key, stop, tries = 6, firstWaitMs = 500, timeoutMs = 120_000 } = options;
  const headers: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
  /** Nobody sends before this time: one busy answer is everybody's. */
  let notBefore = 0;

  async function call(target: string, init: RequestInit = {}): Promise<Response | string> {
    try {
      return await fetch(`${url}${target}`, { ...init, headers, signal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      const { message, cause } = error as Error;
      return cause instanceof Error
        ? cause.message || String((cause as NodeJS.ErrnoException).code)
        : message;
    }
  }

  async function waitTurn(): Promise<void> {
    for (let left = notBefore - Date.now(); left > 0 && !stop.aborted; left = notBefore - Date.now())
      await sleep(left, undefined, { signal: stop }).catch(() => {});
  }

  async function check(): Promise<void> {
    const answer = await call('/model');
    if (typeof answer === 'string') throw new ImportStopped(`${url} does not answer: ${answer}`, false);
    await answer.body?.cancel();
    refuseKey(answer.status);
  }

  function refuseKey(status: number): void {
    if (status === 401)
      throw new ImportStopped(
        `${url} ${key ? 'refuses the key in' : 'wants a key: set'} HANGTAG_API_KEY.`,
        true,
      );
  }

  async function send(product: ImportProduct): Promise<Outcome> {
    const body = await form(product);
    if (!(body instanceof FormData)) return { kind: 'failed', failure: body };
    for (let attempt = 1; ; attempt++) {
      await waitTurn();
      if (stop.aborted) return { kind: 'stopped' };
      const answer = await call(`/products/${encodeURIComponent(product.id)}/tags`, { method: 'POST', body });
      if (typeof answer !== 'string') {
        if (answer.ok)
          return { kind: 'tagged', faults: imageFaults(product, await answer.json().catch(() => null)) };
        refuseKey(answer.status);
        const failure = await readFailure(product.id, answer);
        if (!busy.includes(answer.status) || attempt >= tries) return { kind: 'failed', failure };
      } else if (attempt >= tries) {
        // A refusal in the middle of a body looks like a broken connection: only a server that is gone stops everything.
        await check();
        return { kind: 'failed', failure: { id: product.id, status: null, code: 'network', detail: answer } };
      }
      const backoff = firstWaitMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
      const asked = typeof answer === 'string' ? 0 : retryAfterMs(answer.headers.get('retry-after'));
      notBefore = Math.max(notBefore, Date.now() + Math.min(longestWaitMs, Math.max(asked, backoff)));
    }
  }

  return { check, send };
}

/** Seconds, or an HTTP date. */
export function retryAfterMs(header: string | null, now = Date.now()): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

async function form(product: ImportProduct): Promise<FormData | Failure> {
  const failed = (code: string, detail: string) => ({ id: product.id, status: null, code, detail });
  const body = new FormData();
  let bytes = 0;
  for (const image of product.images) {
    try {
      bytes += (await stat(image)).size;
      if (bytes > mostBytes)
        return failed('request.too_large', `The images together are more than ${mostBytes / 2 ** 20} MiB.`);
      body.append('image', new Blob([await readFile(image)]), path.basename(image));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return failed(
        'file',
        code === 'ENOENT' ? `There is no ${image}.` : `${image} cannot be read (${code}).`,
      );
    }
  }
  if (product.category) body.append('category', product.category);
  if (product.title) body.append('title', product.title);
  if (product.views.length > 0) body.append('views', product.views.join(','));
  if (product.variants.length > 0) body.append('variants', product.variants.join(','));
  return body;
}

async function readFailure(id: string, answer: Response): Promise<Failure> {
  const problem = (await answer.json().catch(() => null)) as { code?: unknown; detail?: unknown } | null;
  const { status } = answer;
  return {
    id,
    status,
    code: String(problem?.code ?? 'http'),
    detail: String(problem?.detail ?? `HTTP ${status}`),
  };
}

function imageFaults(product: ImportProduct, tagSet: unknown): Failure[] {
  const { images = [] } = (tagSet ?? {}) as {
    images?: readonly { index: number; error?: { code: string; detail: string } }[];
  };
  return images.flatMap(({ index, error }) =>
    error
      ? [
          {
            id: product.id,
            status: 200,
            code: error.code,
            detail: `${product.images[index]}: ${error.detail}`,
          },
        ]
      : [],
  );
}
