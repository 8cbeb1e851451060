/**
 * The disk takes nothing more while callers tag, review and delete: they are refused with 503 `store.unavailable`, what
 * was acknowledged stays, and with room again the service goes on, by itself or after a restart.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type Disk, limitedDisk, tmpfsDisk } from './full-disk.ts';
import { createLedger, originalsMissing } from './ledger.ts';
import { acknowledgedMore, picture, settleAll, startLoad } from './mixed-load.ts';
import { type OwnDatabase, ownDatabase } from './own-database.ts';
import { type Service, startService } from './service.ts';

const settingsOf = (disk: Disk, database?: OwnDatabase) => ({
  DATA_DIR: disk.dataDir,
  ...database?.settings,
});

const tag = (service: Service, id: string) =>
  fetch(`${service.url}/products/${id}/tags`, {
    method: 'POST',
    headers: { 'content-type': 'image/jpeg' },
    body: new Uint8Array(Buffer.concat([picture, Buffer.from(`${id} ${Math.random()}`)])),
    signal: AbortSignal.timeout(20_000),
  });
const get = (service: Service, path: string) =>
  fetch(`${service.url}${path}`, { signal: AbortSignal.timeout(20_000) });

async function readyWithin(service: Service, ms: number): Promise<boolean> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    if ((await get(service, '/readyz')).status === 200) return true;
    await sleep(250);
  }
  return false;
}

async function fillUnderLoad(disk: Disk): Promise<void> {
  const ledger = createLedger();
  const run = `full-${Date.now()}`;
  onTestFinished(() => disk.remove());
  const database = await ownDatabase();
  onTestFinished(() => database.drop());
  const settings = settingsOf(disk, database);
  let service = await startService(settings, disk.under);
  // Before the disk goes: what is registered last runs first.
  onTestFinished(async () => void (await service.stop('SIGKILL')));
  const load = startLoad({ url: service.url, ledger, run, lanes: 4, seed: 3, rough: true });
  await acknowledgedMore(ledger, 20);
  const before = { ...ledger.acknowledged };
  expect(before.tagged).toBeGreaterThan(0);

  disk.fill(service.process.pid!);
  await sleep(2000);
  await load.stop();
  expect([...load.heard.keys()].filter((status) => !['200', '204', '404', '503'].includes(status))).toEqual(
    [],
  );
  expect(load.heard.get('503')).toBeGreaterThan(0);
  // What the callers deleted meanwhile made room.
  disk.fill(service.process.pid!);
  const refused = await tag(service, `${run}-late`);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(await refused.json()).toMatchObject({ code: 'store.unavailable', status: 503 });
  const [known] = ledger.ids();
  const read = await get(service, `/products/${known}/tags`);
  expect([200, 404, 503]).toContain(read.status);
  expect((await get(service, '/healthz')).status).toBe(200);

  disk.free(service.process.pid!);
  const byItself = await readyWithin(service, 5000);
  if (!byItself) {
    const code = await service.stop();
    service = await startService(settings, disk.under);
    expect(code).toBe(0);
  }
  expect(await settleAll(service.url, ledger)).toEqual([]);
  expect(originalsMissing(ledger, disk.seenFromHere)).toEqual([]);
  expect(await tagWhenTaken(service, `${run}-late`)).toEqual({ status: 200, code: undefined });
  expect((await get(service, '/readyz')).status).toBe(200);
  console.info(
    `${disk.name}: ${JSON.stringify(Object.fromEntries(load.heard))}, acknowledged ${JSON.stringify(before)}, reading ${read.status}, recovered ${byItself ? 'by itself' : 'after a restart'}`,
  );
}

/** Just started on a busy machine, the service may shed load for a moment; nothing else is tried again. */
async function tagWhenTaken(
  service: Service,
  id: string,
): Promise<{ status: number; code: string | undefined }> {
  for (let left = 20; ; left--) {
    const answer = await tag(service, id);
    const { code } = (await answer.json()) as { code?: string };
    if (code !== 'service.overloaded' || left === 0) return { status: answer.status, code };
    await sleep(500);
  }
}

test('under a process that may not write', { timeout: 120_000 }, async (context) => {
  if (!process.env.LONG_RUNS) return context.skip('needs LONG_RUNS');
  const disk = limitedDisk();
  if (!disk) return context.skip('there is no prlimit here');
  await fillUnderLoad(disk);
});

test('on a file system without room', { timeout: 120_000 }, async (context) => {
  if (!process.env.LONG_RUNS) return context.skip('needs LONG_RUNS');
  const disk = await tmpfsDisk();
  if (!disk) return context.skip('name spaces with mounts of their own are not permitted here');
  await fillUnderLoad(disk);
});

test('a first start without room ends with the reason, and the next one with room succeeds', {
  timeout: 120_000,
}, async (context) => {
  if (!process.env.LONG_RUNS) return context.skip('needs LONG_RUNS');
  if (process.env.TEST_DATABASE_URL) return context.skip('with PostgreSQL a first start writes nothing here');
  const disk = await tmpfsDisk();
  if (!disk) return context.skip('name spaces with mounts of their own are not permitted here');
  onTestFinished(() => disk.remove());
  disk.fill(0);
  const failed = await startService(settingsOf(disk), disk.under, true).then(
    () => new Error('it started'),
    (error: Error) => error,
  );
  expect(failed.message).toContain('code 1');
  expect(failed.message).toContain('hangtag cannot start');
  expect(failed.message).toMatch(/no space left|ENOSPC|cannot be used|cannot be created/i);
  disk.free(0);
  const service = await startService(settingsOf(disk), disk.under, true);
  onTestFinished(async () => void (await service.stop('SIGKILL')));
  expect((await tag(service, 'first')).status).toBe(200);
});
