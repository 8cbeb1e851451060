/** async=true against the real service: accepted is a promise, kept through kill -9. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { longRuns } from '../long-runs.ts';
import { type OwnDatabase, ownDatabase } from './own-database.ts';
import { type Service, startService } from './service.ts';

const picture = await readFile(path.resolve(import.meta.dirname, '../fixtures/images/tall.jpg'));
const run = Date.now();
let folder: string;
let settings: Record<string, string>;
let service: Service;
let database: OwnDatabase;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-accepted-'));
  database = await ownDatabase();
  settings = { DATA_DIR: folder, ...database.settings };
  service = await startService(settings);
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await rm(folder, { recursive: true, force: true });
  await database.drop();
});

/**
 * Seconds. On the embedded store no other process can be at work, so lost work comes back at the start. A server may have
 * other workers: there it comes back once its own has been silent for a while.
 */
const patience = process.env.TEST_DATABASE_URL ? 60 : 20;

interface Operation {
  readonly id: string;
  readonly state: string;
  readonly productId: string;
  readonly revision: number | null;
  readonly error: { readonly code: string } | null;
}

/** Bytes that no other call sends, of the same picture. */
const bytesOf = (name: string) => new Uint8Array(Buffer.concat([picture, Buffer.from(`${run}-${name}`)]));

async function accept(
  id: string,
  body: Uint8Array<ArrayBuffer> = bytesOf(id),
  headers: Record<string, string> = {},
): Promise<{ status: number; location: string | null; body: Operation }> {
  const send = () =>
    fetch(`${service.url}/products/${id}/tags?async=true`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg', ...headers },
      body,
    });
  let answer = await send();
  // A busy machine sheds load, and says when to come back.
  for (let tries = 0; answer.status === 503 && tries < 20; tries++) {
    await sleep(Number(answer.headers.get('retry-after')) * 1000);
    answer = await send();
  }
  const location = answer.headers.get('location');
  return { status: answer.status, location, body: (await answer.json()) as Operation };
}

const operation = async (location: string) =>
  (await (await fetch(service.url + location)).json()) as Operation;

async function settled(location: string): Promise<Operation> {
  for (let wait = 0; wait < patience * 20; wait++) {
    const found = await operation(location);
    if (found.state === 'done' || found.state === 'failed') return found;
    await sleep(50);
  }
  throw new Error(`${location} is not over after ${patience} s`);
}

test('accepted, done, and the product is there', async () => {
  const id = `async-${run}`;
  const { status, location, body } = await accept(id);
  expect([status, location, body.state]).toEqual([202, `/operations/${body.id}`, 'queued']);
  expect(await settled(location!)).toMatchObject({ state: 'done', productId: id, revision: 1, error: null });
  const tags = await fetch(`${service.url}/products/${id}/tags`);
  expect(((await tags.json()) as { revision: number }).revision).toBe(1);
}, 30_000);

test('what is no picture fails with its code, and is not tried again', async () => {
  const { location } = await accept(`torn-${run}`, new Uint8Array(Buffer.from('not a picture')));
  expect(await settled(location!)).toMatchObject({
    state: 'failed',
    attempts: 1,
    error: { code: expect.stringMatching(/^image\./) },
  });
}, 30_000);

test('what failed is listed with its cause, and tried again by hand', async () => {
  const id = `again-${run}`;
  const { location, body } = await accept(id, new Uint8Array(Buffer.from('not a picture either')));
  expect((await settled(location!)).state).toBe('failed');
  const list = async () =>
    (await (await fetch(`${service.url}/admin/failures?limit=200`)).json()) as {
      items: { id: string; source: string; attempts: number; error: { code: string } }[];
    };
  const listed = (await list()).items.find((one) => one.id === body.id);
  expect(listed).toMatchObject({ source: 'requests', attempts: 1, productId: id });
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  expect(metrics).toMatch(/hangtag_work_failed\{source="requests"\} [1-9]/);
  const retry = (operation: string) =>
    fetch(`${service.url}/admin/failures/${operation}/retry`, { method: 'POST' });
  const again = await retry(body.id);
  expect([again.status, again.headers.get('location')]).toEqual([202, location]);
  expect(await settled(location!)).toMatchObject({ state: 'failed', attempts: 1 });
  expect((await fetch(`${service.url}/products/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await list()).items.map((one) => one.id)).not.toContain(body.id);
  expect((await retry(body.id)).status).toBe(404);
}, 30_000);

test('the same key is the same operation; other content is 409', async () => {
  const key = { 'idempotency-key': `key-${run}` };
  const id = `key-${run}`;
  const both = await Promise.all([accept(id, bytesOf(id), key), accept(id, bytesOf(id), key)]);
  expect(both[0].body.id).toBe(both[1].body.id);
  const other = await accept(id, bytesOf('other'), key);
  expect([other.status, (other.body as unknown as { code: string }).code]).toEqual([
    409,
    'idempotency.conflict',
  ]);
  await settled(both[0].location!);
}, 30_000);

test.runIf(longRuns)(
  'killed with work in the queue: every accepted piece is done after the restart, once in effect',
  async () => {
    const ids = Array.from({ length: 60 }, (_, n) => `kill-${run}-${n}`);
    const accepted = new Map<string, string>();
    for (let n = 0; n < ids.length; n += 10) {
      await Promise.all(
        ids.slice(n, n + 10).map(async (id) => {
          const { status, location } = await accept(id);
          expect(status).toBe(202);
          accepted.set(id, location!);
        }),
      );
    }
    await service.stop('SIGKILL');
    service = await startService(settings);
    const left = await Promise.all([...accepted.values()].map(operation));
    // Otherwise the kill came too late to prove anything.
    expect(left.filter(({ state }) => state !== 'done').length).toBeGreaterThan(0);
    for (const [id, location] of accepted) {
      expect(await settled(location), id).toMatchObject({ state: 'done', revision: 1 });
      const history = await fetch(`${service.url}/products/${id}/tags/history`);
      expect(((await history.json()) as { items: unknown[] }).items).toHaveLength(1);
    }
  },
  180_000,
);

test('a deletion takes accepted work with it', async () => {
  const ids = Array.from({ length: 12 }, (_, n) => `gone-${run}-${n}`);
  const accepted = await Promise.all(ids.map((id) => accept(id)));
  const last = ids.at(-1)!;
  expect((await fetch(`${service.url}/products/${last}`, { method: 'DELETE' })).status).toBe(204);
  for (const { location } of accepted.slice(0, -1)) await settled(location!);
  await sleep(500);
  expect((await fetch(service.url + accepted.at(-1)!.location)).status).toBe(404);
  expect((await fetch(`${service.url}/products/${last}/tags`)).status).toBe(404);
}, 60_000);
