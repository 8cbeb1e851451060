/** From a tag write to the subscriber's server and back, with everything real but the hours between two attempts. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createSecretBox } from '../../src/adapters/secrets/secret-box.ts';
import { createStandardSigner } from '../../src/adapters/signatures/standard-webhooks.ts';
import { createPgliteStore } from '../../src/adapters/store/pglite.ts';
import type { SqlStore } from '../../src/adapters/store/sql-store.ts';
import { createPoster } from '../../src/adapters/web/deliver.ts';
import {
  createDeliverEvents,
  type DeliverEventsNeeds,
  type Delivering,
} from '../../src/application/deliver-events.ts';
import {
  createManageSubscriptions,
  type SubscriptionServices,
  type SubscriptionWish,
} from '../../src/application/manage-subscriptions.ts';
import { copyEmptyDatabase } from '../adapters/store/fresh-database-folder.ts';
import { writeOf } from '../contracts/sample-tags.ts';
import { type Receiver, startReceiver, status, verified } from './receiver.ts';

let folder: string;
let store: SqlStore;
const receivers: Receiver[] = [];
let receiver: Receiver;
let other: Receiver;
const opened: { close(): Promise<void> }[] = [];
const running: Delivering[] = [];
const lines: string[] = [];
const say = (facts: object, message: string) => void lines.push(JSON.stringify([facts, message]));
const log = { info: say, warn: say, error: say };

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-delivering-'));
  copyEmptyDatabase(path.join(folder, 'database'));
  store = await createPgliteStore({ directory: path.join(folder, 'database'), durability: 'relaxed', log });
}, 60_000);
beforeEach(async () => {
  receiver = await startReceiver();
  other = await startReceiver();
  receivers.push(receiver, other);
  lines.length = 0;
});
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop(5_000);
  for (const one of [...receivers.splice(0), ...opened.splice(0)]) await one.close();
  for (const { id } of await store.outgoing.subscriptions.list())
    await store.outgoing.subscriptions.remove(id);
});
afterAll(async () => {
  await store?.close();
  await rm(folder, { recursive: true, force: true });
});

const key = randomBytes(32);

/** `waits` in seconds. */
function world(
  options: Partial<DeliverEventsNeeds> & { readonly key?: Uint8Array; deadlineMs?: number } = {},
) {
  const { key: own = key, deadlineMs = 5_000, ...rest } = options;
  const allowOrigins = [receiver.origin, other.origin];
  const poster = createPoster({ allowOrigins, deadlineMs });
  opened.push(poster);
  const shared = {
    deliveries: store.outgoing.deliveries,
    box: createSecretBox(async () => own),
    poster,
    signer: (secret: string) => createStandardSigner([secret]),
    clock: () => new Date().toISOString(),
  };
  let delivering: Delivering | null = null;
  const services: SubscriptionServices = createManageSubscriptions({
    ...shared,
    subscriptions: store.outgoing.subscriptions,
    newSecret: () => `whsec_${randomBytes(32).toString('base64')}`,
    newId: randomUUID,
    wake: () => delivering?.wake(),
  });
  const start = () => {
    delivering = createDeliverEvents({
      ...shared,
      feed: store.outgoing.feed,
      log,
      waits: [0, 0.05, 0.05],
      pollMs: 50,
      ...rest,
    })();
    running.push(delivering);
    return delivering;
  };
  return { services, start };
}
const wish = (to: Receiver, rest: Partial<SubscriptionWish> = {}): SubscriptionWish => ({
  url: `${to.origin}/hooks?token=hush`,
  events: ['product.tagged', 'product.deleted'],
  maxPerSecond: null,
  ...rest,
});
const tag = (id = `sku-${randomUUID()}`) => store.saveTags(writeOf(id));
const soon = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 25 });

test('what is tagged and deleted arrives, signed, in order, as the feed has it', async () => {
  const { services, start } = world();
  const { secret } = await services.subscribe(wish(receiver, { maxPerSecond: 200 }));
  start();
  const before = await store.outgoing.feed.read(null, 200);
  await tag('ordered');
  await soon(() => expect(receiver.got).toHaveLength(1));
  await tag('ordered');
  await soon(() => expect(receiver.got).toHaveLength(2));
  await store.deleteProduct('ordered');
  await soon(() => expect(receiver.got).toHaveLength(3));
  const events = receiver.got.map((one) => verified(secret, one));
  expect(events.map(({ type, data }) => [type, data.productId, data.revision])).toEqual([
    ['product.tagged', 'ordered', 1],
    ['product.tagged', 'ordered', 2],
    ['product.deleted', 'ordered', undefined],
  ]);
  expect(events.map(({ id }) => id)).toEqual(receiver.got.map(({ id }) => id));
  expect(receiver.got[0]).toMatchObject({ path: '/hooks?token=hush' });
  expect(receiver.got[0]?.headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8' });
  const feed = await store.outgoing.feed.read(before!.position, 200);
  expect(feed?.bodies).toEqual([receiver.got[2]!.body]);
  expect(() => verified(`whsec_${randomBytes(32).toString('base64')}`, receiver.got[0]!)).toThrow();
});

test('what a receiver fails at comes again, the same to the byte, and the log says how it went', async () => {
  const { services, start } = world();
  const { id, secret } = await services.subscribe(wish(receiver));
  receiver.answer = (response) => {
    const turn = receiver.got.length;
    if (turn === 1) response.writeHead(500).end('x'.repeat(70_000));
    else if (turn === 2) response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    else response.writeHead(204).end();
  };
  start();
  await tag();
  await soon(async () =>
    expect(
      (await services.listDeliveries({ subscription: id, state: 'delivered', limit: 5, after: null })).items,
    ).toHaveLength(1),
  );
  expect(receiver.got).toHaveLength(3);
  expect(new Set(receiver.got.map((one) => `${one.id} ${one.body}`)).size).toBe(1);
  for (const one of receiver.got) verified(secret, one);
  const log = await services.listDeliveries({ subscription: id, state: null, limit: 5, after: null });
  expect(log).toMatchObject({
    next: null,
    items: [
      {
        eventId: receiver.got[0]!.id,
        nextAt: null,
        attempts: [
          { status: 500, error: 'The receiver answered 500.', answer: 'x'.repeat(1024) },
          { status: 302, error: expect.stringContaining('Redirects are not followed'), answer: null },
          { status: 204, error: null, answer: null },
        ],
      },
    ],
  });
  expect(JSON.stringify(log)).not.toContain('hush');
  await services.retryDelivery(log.items[0]!.id);
  await soon(() => expect(receiver.got).toHaveLength(4));
  expect(receiver.got[3]!.body).toBe(receiver.got[0]!.body);
});

test('attempts are used up, nothing succeeds: disabled with a reason; enabled, it goes on', async () => {
  const { services, start } = world();
  const { id } = await services.subscribe(wish(receiver));
  receiver.answer = status(500);
  start();
  await tag();
  const state = async () => (await services.listSubscriptions())[0];
  await soon(async () => expect(await state()).toMatchObject({ state: 'disabled', failed: 1 }));
  expect((await state())?.reason).toContain('The receiver answered 500.');
  expect(receiver.got).toHaveLength(3);
  await tag();
  // Placed while it is disabled: not put down for it.
  await store.outgoing.feed.place();
  receiver.answer = status(200);
  const ping = await services.pingSubscription(id);
  expect(ping).toMatchObject({ status: 200, error: null });
  expect(JSON.parse(receiver.got[3]!.body)).toMatchObject({ id: ping.eventId, type: 'ping' });
  expect(await services.enableSubscription(id)).toMatchObject({ state: 'active', reason: null, waiting: 0 });
  await tag('after');
  await soon(() => expect(receiver.got).toHaveLength(5));
  expect(JSON.parse(receiver.got[4]!.body).data.productId).toBe('after');
  expect(lines.join()).toContain('disabled');
  expect(lines.join()).not.toContain('hush');
});

test('410: disabled at once', async () => {
  const { services, start } = world();
  await services.subscribe(wish(receiver));
  receiver.answer = status(410);
  start();
  await tag();
  await soon(async () =>
    expect((await services.listSubscriptions())[0]).toMatchObject({
      state: 'disabled',
      reason: expect.stringContaining('410'),
      failed: 1,
    }),
  );
  expect(receiver.got).toHaveLength(1);
});

test('one that never answers runs into the deadline and holds up nobody', async () => {
  const { services, start } = world({ deadlineMs: 400, waits: [0, 60] });
  const { id } = await services.subscribe(wish(receiver));
  await services.subscribe(wish(other));
  receiver.answer = () => {};
  start();
  for (let turn = 0; turn < 6; turn++) await tag();
  await soon(() => expect(other.got).toHaveLength(6));
  await soon(async () => {
    const { items } = await services.listDeliveries({ subscription: id, state: null, limit: 9, after: null });
    expect(items.at(-1)?.attempts).toMatchObject([
      { status: null, error: 'The receiver did not answer within 0.4 s.' },
    ]);
  });
});

test('no more in a second than was asked for; Retry-After is waited for', async () => {
  const { services, start } = world({ waits: [0, 0, 0] });
  await services.subscribe(wish(receiver, { maxPerSecond: 10 }));
  await services.subscribe(wish(other));
  other.answer = (response) =>
    void response.writeHead(other.got.length === 1 ? 429 : 200, { 'retry-after': '2' }).end();
  start();
  for (let turn = 0; turn < 5; turn++) await tag();
  await soon(() => expect(receiver.got).toHaveLength(5));
  // A machine may be slow, never fast.
  expect(receiver.got[4]!.at - receiver.got[0]!.at).toBeGreaterThan(350);
  await soon(() => expect(new Set(other.got.map(({ id }) => id)).size).toBe(5));
  const [first, ...later] = other.got.filter(({ id }) => id === other.got[0]!.id);
  expect(later[0]!.at - first!.at).toBeGreaterThan(1_900);
});

test('a key that does not fit: events wait, the log names the setting, and nothing is taken', async () => {
  const { services } = world();
  await services.subscribe(wish(receiver));
  const wrong = world({ key: randomBytes(32) });
  const delivering = wrong.start();
  await tag();
  await soon(() => expect(lines.join()).toContain('SECRETS_KEY'));
  const [{ id } = { id: '' }] = await services.listSubscriptions();
  await expect(wrong.services.pingSubscription(id)).rejects.toMatchObject({ code: 'secrets.unavailable' });
  await expect(wrong.services.subscribe(wish(other))).rejects.toMatchObject({ code: 'secrets.unavailable' });
  expect(await services.listSubscriptions()).toMatchObject([{ state: 'active', waiting: 1 }]);
  await delivering.stop(5_000);
  expect(receiver.got).toEqual([]);
  // The right one takes it up.
  world().start();
  const { items } = await services.listDeliveries({
    subscription: id,
    state: 'waiting',
    limit: 1,
    after: null,
  });
  await services.retryDelivery(items[0]!.id);
  await soon(() => expect(receiver.got).toHaveLength(1));
});

test.each([
  ['http://example.com/', 'it is not https'],
  ['https://169.254.169.254/latest', 'its address is not a public one'],
  ['https://[::1]/', 'its address is not a public one'],
  ['https://hangtag.internal/', 'its host is a name of this machine or network'],
  ['https://a:b@example.com/', 'it holds a user name or a password'],
  ['https://example.com:8443/', 'its port is not 443'],
  ['nonsense', 'it is not a full URL'],
])('%s is refused', async (url, why) => {
  const { services } = world();
  await expect(services.subscribe({ ...wish(receiver), url })).rejects.toMatchObject({
    code: 'subscription.refused',
    message: `Events are not sent to this URL: ${why}.`,
  });
});
