/** The hangtag at HANGTAG_URL, asked about taxonomies. */

/** Nothing can be asked: the address or the key is wrong, or nobody answers. */
export class ServerRefused extends Error {
  /** The caller's to put right: the key or the address. */
  readonly misused: boolean;
  constructor(message: string, misused: boolean) {
    super(message);
    this.name = 'ServerRefused';
    this.misused = misused;
  }
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export type Ask = (method: 'GET' | 'POST', target: string, body?: unknown) => Promise<Answer>;

/** Milliseconds for one call: a taxonomy is checked in seconds. */
const timeoutMs = 120_000;

export function askServer(environment: Readonly<Record<string, string | undefined>>): Ask {
  const url = (environment.HANGTAG_URL?.trim() || 'http://127.0.0.1:3000').replace(/\/+$/, '');
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : ''))
    throw new ServerRefused(`HANGTAG_URL is no http address: ${url}`, true);
  const key = environment.HANGTAG_API_KEY?.trim();
  return async (method, target, body) => {
    const headers: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
    if (body !== undefined) headers['content-type'] = 'application/json';
    let answer: Response;
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      answer = await fetch(`${url}${target}`, { method, headers, signal, ...sent });
    } catch (error) {
      const { message, cause } = error as Error;
      throw new ServerRefused(
        `${url} does not answer: ${cause instanceof Error ? cause.message : message}`,
        false,
      );
    }
    const parsed: unknown = await answer.json().catch(() => null);
    if (answer.status === 401)
      throw new ServerRefused(
        `${url} ${key ? 'refuses the key in' : 'wants a key: set'} HANGTAG_API_KEY.`,
        true,
      );
    if (answer.status === 403) throw new ServerRefused(`${url} refuses: ${detailOf(parsed)}`, true);
    return { status: answer.status, body: parsed };
  };
}

/** A problem's own words. */
export function detailOf(body: unknown): string {
  const detail = (body as { readonly detail?: unknown } | null)?.detail;
  return typeof detail === 'string' ? detail : 'it gives no reason';
}
