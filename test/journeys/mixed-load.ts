/** Callers who tag, review, delete, read and list, each with products of its own, and keep a ledger of the answers. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { absent, type Found, type Ledger, type State, sha256 } from './ledger.ts';

export const picture = await readFile(path.resolve(import.meta.dirname, '../fixtures/images/tall.jpg'));
const colors = ['navy', 'red', 'white', 'black'];
const productsEach = 3;

export interface LoadOptions {
  readonly url: string;
  readonly ledger: Ledger;
  /** The same for the same products. */
  readonly run: string;
  readonly lanes: number;
  readonly seed: number;
  /** True where refusals and lost connections are to be expected at any time; else only once `stop` was called. */
  readonly rough?: boolean;
}

export interface Load {
  /** No new requests; resolves when every caller has heard, or has lost its connection. */
  stop(): Promise<void>;
  /** Answers by status, and `lost` where none came. */
  readonly heard: ReadonlyMap<string, number>;
}

/** Numbers from 0 to 1, the same for the same seed. */
export function chances(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export function startLoad({ url, ledger, run, lanes, seed, rough = false }: LoadOptions): Load {
  const heard = new Map<string, number>();
  // Uploaded for many products: deleting one of them must leave the picture to the others.
  const shared = ['a', 'b'].map((mark) => Buffer.concat([picture, Buffer.from(`shared ${mark} of ${run}`)]));
  let alive = true;

  async function call(method: string, target: string, init: RequestInit = {}): Promise<Response | null> {
    try {
      const answer = await fetch(`${url}${target}`, { method, ...init });
      const body = await answer.arrayBuffer();
      heard.set(String(answer.status), (heard.get(String(answer.status)) ?? 0) + 1);
      return new Response(answer.status === 204 ? null : body, answer);
    } catch (error) {
      heard.set('lost', (heard.get('lost') ?? 0) + 1);
      if (alive && !rough) throw error;
      // Nobody there: asking again at once would only keep this machine busy.
      await sleep(50);
      return null;
    }
  }

  /** Sends what changes a product; the ledger knows before and learns after. */
  async function change(
    id: string,
    after: State,
    send: () => Promise<Response | null>,
    done: (answer: Response) => Promise<void>,
  ): Promise<void> {
    ledger.attempt(id, after);
    const answer = await send();
    if (!answer) return;
    if (answer.ok) return done(answer);
    const text = await answer.text();
    // Whether a commit that the store could not confirm has happened is for the store to say when it is back.
    if (answer.status === 503 && rough)
      return text.includes('store.unavailable') ? undefined : ledger.refused(id);
    throw new Error(`${answer.status} for ${id}: ${text}`);
  }

  function tag(id: string, chance: () => number, count: number): Promise<void> {
    const own = chance() > 0.25;
    const body = own
      ? Buffer.concat([picture, Buffer.from(`${id} ${count} ${chance()}`)])
      : shared[count % shared.length]!;
    const hash = sha256(body);
    const { current, lastRevision } = ledger.account(id);
    const sameAgain = current?.images.length === 1 && current.images[0]?.sha256 === hash;
    const after: State = {
      name: `tagged with ${hash.slice(0, 8)}`,
      fits: (found) =>
        found?.images[0]?.sha256 === hash &&
        found.revision <= lastRevision + 1 &&
        found.revision >= lastRevision + (sameAgain ? 0 : 1),
    };
    const headers = { 'content-type': 'image/jpeg' };
    const send = () => call('POST', `/products/${id}/tags`, { body: new Uint8Array(body), headers });
    return change(id, after, send, async (answer) => {
      const found = (await answer.json()) as Found;
      if (!after.fits(found))
        throw new Error(`${id}: answered revision ${found.revision} after ${lastRevision}`);
      ledger.tagged(id, found, own ? hash : null);
    });
  }

  function review(id: string, current: Found, chance: () => number): Promise<void> {
    const color = colors[Math.floor(chance() * colors.length)]!;
    const after: State = {
      name: `color ${color}`,
      fits: (found) =>
        found !== null &&
        found.attributes.color?.values[0]?.id === color &&
        found.attributes.color.source === 'human' &&
        found.revision - current.revision <= 1,
    };
    const headers = { 'content-type': 'application/json', 'if-match': `"${current.revision}"` };
    const body = JSON.stringify({ set: { color: [color] }, by: 'ann' });
    return change(
      id,
      after,
      () => call('PATCH', `/products/${id}/tags`, { body, headers }),
      async (answer) => {
        const found = (await answer.json()) as Found;
        if (!after.fits(found)) throw new Error(`${id}: the review was answered but not done`);
        ledger.reviewed(id, found);
      },
    );
  }

  async function read(id: string): Promise<void> {
    const answer = await call('GET', `/products/${id}/tags`);
    if (!answer || (rough && answer.status === 503)) return;
    if (answer.status !== 200 && answer.status !== 404) throw new Error(`${answer.status} for reading ${id}`);
    const wrong = ledger.settle(id, answer.status === 404 ? null : ((await answer.json()) as Found));
    if (wrong.length > 0) throw new Error(wrong.join('; '));
  }

  async function list(): Promise<void> {
    const answer = await call('GET', '/products?limit=20&review=pending&sort=uncertainty');
    if (!answer || (rough && answer.status === 503)) return;
    if (answer.status !== 200) throw new Error(`${answer.status} for the list`);
  }

  async function lane(number: number): Promise<void> {
    const chance = chances(seed * 1000 + number);
    for (let count = 0; alive; count++) {
      const id = `${run}-${number}-${Math.floor(chance() * productsEach)}`;
      const { current } = ledger.account(id);
      const dice = chance();
      if (!ledger.isCertain(id) || dice < 0.1) await read(id);
      else if (dice < 0.18) await list();
      else if (current && dice < 0.4) await review(id, current, chance);
      else if (current && dice < 0.55)
        await change(
          id,
          absent,
          () => call('DELETE', `/products/${id}`),
          async () => ledger.deleted(id),
        );
      else await tag(id, chance, count);
    }
  }

  const working = Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  // Looked at in `stop`.
  working.catch(() => {});
  return {
    heard,
    async stop() {
      alive = false;
      await working;
    },
  };
}

/** Until so many more changes were acknowledged: a busy machine takes its time. */
export async function acknowledgedMore({ acknowledged }: Ledger, changes: number): Promise<void> {
  const sum = () => acknowledged.tagged + acknowledged.reviewed + acknowledged.deleted;
  const end = performance.now() + 30_000;
  for (const wanted = sum() + changes; sum() < wanted; ) {
    if (performance.now() > end) throw new Error(`not ${changes} changes were acknowledged within 30 s`);
    await sleep(20);
  }
}

/** Resolves once there was one of each: what is checked afterwards speaks of all three. */
export async function eachAcknowledged({ acknowledged }: Ledger): Promise<void> {
  const end = performance.now() + 30_000;
  while (Math.min(acknowledged.tagged, acknowledged.reviewed, acknowledged.deleted) === 0) {
    if (performance.now() > end) throw new Error('not one of each change was acknowledged within 30 s');
    await sleep(20);
  }
}

/** Reads every product of the ledger back; everything that is not as it may be. */
export async function settleAll(url: string, ledger: Ledger): Promise<string[]> {
  const wrong: string[] = [];
  for (const id of ledger.ids()) {
    const answer = await fetch(`${url}/products/${id}/tags`);
    if (answer.status === 404) wrong.push(...ledger.settle(id, null));
    else if (answer.status === 200) wrong.push(...ledger.settle(id, (await answer.json()) as Found));
    else wrong.push(`${id}: ${answer.status} ${await answer.text()}`);
  }
  return wrong;
}
