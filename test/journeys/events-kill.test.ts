/**
 * kill -9 at random moments while signed events arrive by the hundred: every event that was answered 202 is worked exactly once in effect,
 * nothing is left behind in the queue, and no event of ours is ever told in two ways. On PostgreSQL two doors and three workers share one
 * database, and any of them is killed; the embedded store has one process. EVENT_KILL_ROUNDS raises the number of kills,
 * KILL_SEED changes the moments.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { longRuns } from '../long-runs.ts';
import { type Crew, startCrew } from './event-crew.ts';
import {
  deletion,
  deliver,
  outcome,
  type Pictures,
  type Receiver,
  type ShopEvent,
  secret,
  startPictures,
  startReceiver,
  upsert,
} from './event-shop.ts';
import { chances } from './mixed-load.ts';
import { type OwnDatabase, ownDatabase } from './own-database.ts';

const rounds = Number(process.env.EVENT_KILL_ROUNDS ?? 1);
const seed = Number(process.env.KILL_SEED ?? 1);
const products = longRuns ? 120 : 12;
const lanes = 6;
const colors = ['navy', 'red', 'white', 'black', 'green'];
let pictures: Pictures;
let receiver: Receiver;
let database: OwnDatabase;
let folder: string;
let crew: Crew;

beforeAll(async () => {
  pictures = await startPictures();
  receiver = await startReceiver();
  database = await ownDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-events-kill-'));
  crew = await startCrew({
    DATA_DIR: folder,
    ...database.settings,
    WEBHOOK_SECRET_CATALOG: secret,
    SECRETS_KEY: Buffer.alloc(32, 9).toString('base64'),
    FETCH_ALLOW_ORIGINS: `${pictures.url},${new URL(receiver.url).origin}`,
  });
}, 120_000);
afterAll(async () => {
  await crew?.stop('SIGKILL');
  await database?.drop();
  await pictures?.close();
  await receiver?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Of one product in the order of its own time; some without pictures, some deletions. */
function story(productId: string, length: number, chance: () => number): ShopEvent[] {
  const start = Date.now() - 86_400_000;
  return Array.from({ length }, (_, n) => {
    const at = start + n * 1000;
    if (n > 0 && n < length - 1 && chance() < 0.06) return deletion(productId, at);
    const shown = [`${pictures.url}/p/${Math.floor(chance() * 30)}.jpg`];
    if (chance() < 0.3) shown.push(`${pictures.url}/p/${Math.floor(chance() * 30)}.jpg`);
    const color = colors[Math.floor(chance() * colors.length)]!;
    const said = { title: `${productId} at ${n}`, color };
    return upsert(productId, at, n === 0 || chance() < 0.5 ? { ...said, pictures: shown } : said);
  });
}

interface Said {
  readonly status: string;
  readonly reason?: string;
  readonly source: string;
  readonly values: readonly { readonly id: string }[];
}
interface Standing {
  readonly title: string | null;
  readonly revision: number;
  readonly category: Said;
  readonly attributes: Readonly<Record<string, Said>>;
  readonly images: readonly { readonly sha256?: string }[];
}

async function read<T>(target: string): Promise<{ readonly status: number; readonly body: T }> {
  const answer = await fetch(`${crew.doors()[0]}${target}`);
  return { status: answer.status, body: (await answer.json()) as T };
}

async function standing(productId: string): Promise<Standing | null> {
  const { status, body } = await read<Standing>(`/products/${productId}/tags`);
  if (status === 404) return null;
  expect(status).toBe(200);
  return body;
}

async function settled(eventIds: Iterable<string>): Promise<void> {
  for (const id of eventIds) {
    for (const until = Date.now() + 180_000; ; await sleep(100)) {
      const { status, body } = await read<{ state: string; error: unknown }>(`/operations/${id}`);
      if (status === 200 && body.state === 'done') break;
      if (status !== 200 || body.state === 'failed' || Date.now() > until)
        throw new Error(`event ${id}: ${status} ${JSON.stringify(body)}\n${crew.log().slice(-4000)}`);
    }
  }
}

interface Change {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly productId: string; readonly revision: number };
}

async function everyChange(): Promise<Change[]> {
  const all: Change[] = [];
  for (let after = ''; ; ) {
    const { body } = await read<{ items: Change[]; next: string }>(
      `/changes?limit=200${after && `&after=${encodeURIComponent(after)}`}`,
    );
    all.push(...body.items);
    if (body.items.length === 0) return all;
    after = body.next;
  }
}

test(`accepted events are worked once in effect through ${rounds} kills`, {
  timeout: 400_000 + rounds * 40_000,
}, async () => {
  const subscribe = () =>
    fetch(`${crew.doors()[0]}/admin/subscriptions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: receiver.url, events: ['product.tagged', 'product.deleted'] }),
    });
  let made = await subscribe();
  // Just started on a busy machine, a service sheds load for a moment.
  for (let tries = 0; made.status === 503 && tries < 60; tries++) {
    await sleep(500);
    made = await subscribe();
  }
  expect(made.status).toBe(201);
  receiver.trust(((await made.json()) as { secret: string }).secret);

  const chance = chances(seed);
  const run = `kill-${Date.now()}`;
  const length = Math.max(8, rounds * 2);
  const stories = Array.from({ length: products }, (_, n) => story(`${run}-${n}`, length, chance));
  const all = stories.flat();
  const accepted = new Map<string, string>();
  const wrongs: string[] = [];

  async function send(event: ShopEvent): Promise<void> {
    const { eventId } = await deliver(event, crew.doors);
    const before = accepted.get(event.id);
    if (before !== undefined && before !== eventId) wrongs.push(`${event.id} was accepted as two events`);
    accepted.set(event.id, eventId);
  }
  // Mostly in order, some overtaken by others of their product, some sent twice.
  const order = stories.flatMap((events) => events.map((event, n) => ({ event, turn: n + chance() * 2.5 })));
  const turns = order.sort((a, b) => a.turn - b.turn).map(({ event }) => event);
  const waiting = turns.values();
  let sent = 0;
  const lane = async () => {
    for (const event of waiting) {
      await send(event);
      sent++;
      if (event.body.length % 7 === 0) await send(event);
    }
  };
  const sending = Promise.all(Array.from({ length: lanes }, lane));
  let failed: unknown = null;
  sending.catch((error: unknown) => {
    failed = error;
  });
  for (let round = 1; round <= rounds; round++) {
    const goal = (all.length * round) / (rounds + 1);
    while (sent < goal && failed === null) await sleep(20);
    await sleep(chance() * 400);
    await crew.killOne(chance());
  }
  await sending;
  expect(wrongs).toEqual([]);
  expect(accepted.size).toBe(all.length);
  await settled(accepted.values());

  const wanted = outcome(all);
  for (const [productId, last] of wanted) {
    const found = await standing(productId);
    const color = found?.attributes.color;
    const seen = found && [found.title, color?.source, color?.values.map(({ id }) => id)];
    expect(seen, productId).toEqual(last && [last.title, 'merchant', [last.color]]);
  }

  // Once in effect: no revision repeats the one before it, and there are never more of them than events.
  for (const [productId, last] of wanted) {
    if (!last) continue;
    const { body } = await read<{ items: { revision: number; tagSet: Standing; cause: string }[] }>(
      `/products/${productId}/tags/history?limit=200`,
    );
    const essence = body.items.map(({ tagSet: { title, category, attributes, images }, cause }) => {
      expect(cause).toBe('webhook');
      const decided = [category, ...Object.values(attributes)];
      const said = decided.map(({ status, reason, source, values }) => [status, reason, source, values]);
      return JSON.stringify([title, Object.keys(attributes), said, images.map(({ sha256 }) => sha256)]);
    });
    for (const [index, one] of essence.entries()) expect(one, productId).not.toBe(essence[index + 1]);
    expect(body.items.length).toBeLessThanOrEqual(length);
  }

  // All of it again: nothing is new, nothing is worked, nothing changes.
  const revisions = new Map<string, number | null>();
  for (const productId of wanted.keys())
    revisions.set(productId, (await standing(productId))?.revision ?? null);
  for (const event of all) {
    const again = await deliver(event, crew.doors);
    expect(again).toEqual({ eventId: accepted.get(event.id), status: 'duplicate' });
  }
  for (const [productId, revision] of revisions)
    expect((await standing(productId))?.revision ?? null, productId).toBe(revision);
  await expect.poll(() => crew.waiting(), { timeout: 60_000 }).toBe(0);

  // What is told is what happened: every change once in the feed, the same at the receiver, the last one of each product as it stands.
  const changes = (await everyChange()).filter(({ data }) => data.productId.startsWith(run));
  expect(new Set(changes.map(({ id }) => id)).size).toBe(changes.length);
  const tagged = changes.filter(({ type }) => type === 'product.tagged');
  const told = new Set(tagged.map(({ data }) => `${data.productId} ${data.revision}`));
  expect(told.size).toBe(tagged.length);
  for (const [productId, revision] of revisions)
    if (revision !== null) expect(told, productId).toContain(`${productId} ${revision}`);
  await expect
    .poll(() => changes.filter(({ id }) => !receiver.told.has(id)).length, {
      timeout: 120_000,
      interval: 500,
    })
    .toBe(0);
  expect(receiver.wrongs).toEqual([]);
  console.info(
    `${rounds} kills (${crew.kills.join(', ')}): ${all.length} events, ${changes.length} changes told, ${pictures.sent.size} pictures fetched ${[...pictures.sent.values()].reduce((sum, n) => sum + n, 0)} times`,
  );
});
