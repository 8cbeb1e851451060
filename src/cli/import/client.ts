/** One product to the server, with patience: busy answers and broken connections are tried again, a few times. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KnownAttribute } from './attributes.ts';
import type { Failure } from './failure.ts';
import { answerFaults, productForm } from './form.ts';
import type { ImportProduct } from './product.ts';

export type Outcome =
  | {
      readonly kind: 'done';
      /** What was stored all the same, but is somebody's to look at. */
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
  /** Tags the product from its pictures. */
  send(product: ImportProduct): Promise<Outcome>;
  /** Says what the product's attributes are: a review, by "import". */
  say(productId: string, set: Readonly<Record<string, readonly string[]>>): Promise<Outcome>;
  /** Throws where the server cannot be asked. */
  attribute(id: string): Promise<KnownAttribute | null>;
}

/** The answer, or the end of the patience with it. */
type Answered =
  | { readonly kind: 'answer'; readonly answer: Response }
  | Exclude<Outcome, { readonly kind: 'done' }>;

const longestWaitMs = 120_000;
const busy = [429, 502, 503, 504];

export function createClient(options: ClientOptions): Client {
  const { url, key, stop, tries = 6, firstWaitMs = 500, timeoutMs = 120_000 } = options;
  const access: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
  /** Nobody sends before this time: one busy answer is everybody's. */
  let notBefore = 0;

  async function call(target: string, { headers, ...init }: RequestInit = {}): Promise<Response | string> {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return await fetch(`${url}${target}`, { ...init, headers: { ...access, ...headers }, signal });
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
    // A key that may tag but not read is as good.
    if (answer.status === 401) await refuseKey(answer);
    await answer.body?.cancel();
  }

  /** Throws where no other product would fare better. */
  async function refuseKey(answer: Response): Promise<void> {
    if (answer.status === 401)
      throw new ImportStopped(
        `${url} ${key ? 'refuses the key in' : 'wants a key: set'} HANGTAG_API_KEY.`,
        true,
      );
    if (answer.status === 403)
      throw new ImportStopped(`${url} refuses: ${(await readFailure('', answer)).detail}`, true);
  }

  async function patiently(id: string, target: string, init: RequestInit = {}): Promise<Answered> {
    for (let attempt = 1; ; attempt++) {
      await waitTurn();
      if (stop.aborted) return { kind: 'stopped' };
      const answer = await call(target, init);
      if (typeof answer !== 'string') {
        await refuseKey(answer);
        if (!busy.includes(answer.status)) return { kind: 'answer', answer };
        const failure = await readFailure(id, answer);
        if (attempt >= tries) return { kind: 'failed', failure };
      } else if (attempt >= tries) {
        // A refusal in the middle of a body looks like a broken connection: only a server that is gone stops everything.
        await check();
        return { kind: 'failed', failure: { id, status: null, code: 'network', detail: answer } };
      }
      const backoff = firstWaitMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
      const asked = typeof answer === 'string' ? 0 : retryAfterMs(answer.headers.get('retry-after'));
      notBefore = Math.max(notBefore, Date.now() + Math.min(longestWaitMs, Math.max(asked, backoff)));
    }
  }

  const tagsOf = (id: string) => `/products/${encodeURIComponent(id)}/tags`;

  return {
    check,

    async send(product) {
      const body = await productForm(product);
      if (!(body instanceof FormData)) return { kind: 'failed', failure: body };
      const answered = await patiently(product.id, tagsOf(product.id), { method: 'POST', body });
      if (answered.kind !== 'answer') return answered;
      const { answer } = answered;
      if (!answer.ok) return { kind: 'failed', failure: await readFailure(product.id, answer) };
      return { kind: 'done', faults: answerFaults(product, await answer.json().catch(() => null)) };
    },

    async say(productId, set) {
      const answered = await patiently(productId, tagsOf(productId), {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ set, by: 'import' }),
      });
      if (answered.kind !== 'answer') return answered;
      const { answer } = answered;
      if (!answer.ok) return { kind: 'failed', failure: await readFailure(productId, answer) };
      await answer.body?.cancel();
      return { kind: 'done', faults: [] };
    },

    async attribute(id) {
      const answered = await patiently('', `/taxonomy/attributes/${encodeURIComponent(id)}`);
      if (answered.kind === 'stopped') throw new ImportStopped('Stopped.', false);
      if (answered.kind === 'failed') throw new ImportStopped(`${url}: ${answered.failure.detail}`, false);
      const { answer } = answered;
      if (answer.ok) return (await answer.json()) as KnownAttribute;
      const { detail } = await readFailure('', answer);
      if (answer.status === 404) return null;
      throw new ImportStopped(`${url}: ${detail}`, false);
    },
  };
}

/** Seconds, or an HTTP date. */
export function retryAfterMs(header: string | null, now = Date.now()): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
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
