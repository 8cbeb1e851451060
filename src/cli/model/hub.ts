/**
 * Files of a model hub over HTTP. The token goes to the hub's own address alone: a hub answers with a redirect to a
 * store of another company, and a redirect is never followed from https to http.
 */
import { setTimeout as wait } from 'node:timers/promises';

export interface HubOptions {
  /** https://huggingface.co, or a mirror. */
  readonly endpoint: string;
  readonly token: string | null;
  readonly stop: AbortSignal;
  /** Milliseconds before the second try; twice as long before each further one. */
  readonly retryMs?: number;
  /** Milliseconds without an answer. */
  readonly answerMs?: number;
}

export interface HubFile {
  readonly repository: string;
  readonly revision: string;
  readonly name: string;
}

export interface HubAnswer {
  readonly response: Response;
  /** The commit that the revision stands for, where the hub says it. */
  readonly commit: string | null;
  /** Bytes of the whole file, where it is said. */
  readonly size: number | null;
  /** sha256 of the whole file, where the hub says it. */
  readonly sha256: string | null;
}

export interface Hub {
  /** `from`: the first byte that is wanted. Throws a sentence for people; `HubAway` where trying again may help. */
  get(file: HubFile, range?: { readonly from: number; readonly to?: number }): Promise<HubAnswer>;
  head(file: HubFile): Promise<HubAnswer>;
  /** Again after `HubAway`, up to five times in all; a try that got further begins the count anew. */
  patiently<T>(attempt: () => Promise<T>, progressed?: () => boolean): Promise<T>;
}

/** The hub cannot be reached, or broke off. */
export class HubAway extends Error {}

const maxRedirects = 5;
const tries = 5;

export function createHub({ endpoint, token, stop, retryMs = 1_000, answerMs = 30_000 }: HubOptions): Hub {
  const home = new URL(endpoint);

  async function ask(method: 'GET' | 'HEAD', file: HubFile, range?: { from: number; to?: number }) {
    let url = new URL(
      `${home.href.replace(/\/+$/, '')}/${file.repository}/resolve/${encodeURIComponent(file.revision)}/${file.name}`,
    );
    let first: Response | null = null;
    for (let hop = 0; hop <= maxRedirects; hop++) {
      const response = await fetchOnce(method, url, range);
      first ??= response;
      const target = response.headers.get('location');
      const redirected = response.status >= 300 && response.status < 400 && target !== null;
      // What was asked may stand in the redirect already: sizes of large files do.
      if (!redirected || (method === 'HEAD' && first.headers.has('x-linked-size')))
        return answer(file, first, response, redirected);
      await response.body?.cancel();
      url = new URL(target, url);
      if (home.protocol === 'https:' && url.protocol !== 'https:')
        throw new Error(`${home.host} redirects to an address without https; nothing was sent there.`);
    }
    throw new Error(`${home.host} redirects without end.`);
  }

  async function fetchOnce(method: string, url: URL, range?: { from: number; to?: number }) {
    const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'hangtag' };
    if (range) headers.range = `bytes=${range.from}-${range.to ?? ''}`;
    if (token && url.origin === home.origin) headers.authorization = `Bearer ${token}`;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), answerMs);
    try {
      // The timer ends with the headers; how long a body may stand still is the reader's business.
      return await fetch(url, {
        method,
        headers,
        redirect: 'manual',
        signal: AbortSignal.any([stop, late.signal]),
      });
    } catch (cause) {
      stop.throwIfAborted();
      const code =
        cause instanceof Error ? ((cause.cause as NodeJS.ErrnoException | undefined)?.code ?? '') : '';
      throw new HubAway(
        `${url.host} cannot be reached${code ? ` (${code})` : ''}. Is this machine online? Behind a mirror, set HF_ENDPOINT.`,
        { cause },
      );
    } finally {
      clearTimeout(timer);
    }
  }

  function answer(file: HubFile, first: Response, last: Response, redirected: boolean): HubAnswer {
    const where = `${file.repository}/${file.name} at ${file.revision}`;
    if (last.status === 401 || last.status === 403)
      throw new Error(
        token
          ? `${home.host} refuses ${where} (${last.status}): HF_TOKEN does not allow it, or its licence must be accepted there first.`
          : `${home.host} refuses ${where} (${last.status}): it wants a token in HF_TOKEN, or there is no such model.`,
      );
    if (last.status === 404) throw new Error(`${home.host} has no ${where}.`);
    if (last.status === 429 || last.status >= 500)
      throw new HubAway(`${new URL(last.url || home).host} answers ${last.status} for ${where}.`);
    if (!redirected && ![200, 206, 416].includes(last.status))
      throw new Error(`${home.host} answers ${last.status} for ${where}.`);
    const said = (name: string) => first.headers.get(name) ?? last.headers.get(name);
    const whole = /\/(\d+)$/.exec(last.headers.get('content-range') ?? '')?.[1];
    const length = last.status === 200 && !redirected ? last.headers.get('content-length') : null;
    const size = said('x-linked-size') ?? whole ?? length;
    const etag = (said('x-linked-etag') ?? '').replace(/^W\/|"/g, '');
    return {
      response: last,
      commit: /^[0-9a-f]{40}$/.exec(said('x-repo-commit') ?? '')?.[0] ?? null,
      size: size !== null && /^\d+$/.test(size) ? Number(size) : null,
      sha256: /^[0-9a-f]{64}$/.test(etag) ? etag : null,
    };
  }

  return {
    get: (file, range) => ask('GET', file, range),
    head: (file) => ask('HEAD', file),
    async patiently(attempt, progressed = () => false) {
      for (let tried = 1; ; tried++) {
        try {
          return await attempt();
        } catch (error) {
          if (progressed()) tried = 0;
          if (!(error instanceof HubAway) || tried >= tries) throw error;
          await wait(retryMs * 2 ** Math.max(0, tried - 1), undefined, { signal: stop });
        }
      }
    },
  };
}
