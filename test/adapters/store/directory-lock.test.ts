/** One holder per directory, whoever dies when. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DirectoryLock, lockDirectory } from '../../../src/adapters/store/directory-lock.ts';
import { identify } from '../../../src/adapters/store/process-identity.ts';
import { quiet } from './quiet-log.ts';

let folder: string;
let directory: string;
let held: DirectoryLock[];
const lockFile = () => `${directory}.lock`;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hangtag-lock-'));
  directory = path.join(folder, 'database');
  held = [];
});
afterEach(async () => {
  for (const lock of held) await lock.release();
  rmSync(folder, { recursive: true });
});

async function lock(): Promise<DirectoryLock> {
  const taken = await lockDirectory(directory, quiet);
  held.push(taken);
  return taken;
}

/** A lock file as some other process would have left it. */
function leave(file: string, holder: object, secondsAgo = 0): void {
  writeFileSync(file, JSON.stringify(holder));
  const at = new Date(Date.now() - secondsAgo * 1_000);
  utimesSync(file, at, at);
}

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid!;
}

const inUse = (pid: number) => ({
  code: 'store.unavailable',
  message: expect.stringContaining(`data directory ${directory} is in use by pid ${pid}`),
});

test('held once; free again after release, with nothing left behind', async () => {
  const first = await lock();
  await expect(lock()).rejects.toMatchObject(inUse(process.pid));
  await first.release();
  await (await lock()).release();
  expect(readdirSync(folder)).toEqual([]);
});

test('of eight at once, one wins', async () => {
  const results = await Promise.allSettled(Array.from({ length: 8 }, lock));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('a dead holder is taken over at once, by one of eight', async () => {
  for (let round = 0; round < 10; round++) {
    leave(lockFile(), { ...(await identify()), token: `dead${round}`, pid: await deadPid() });
    const results = await Promise.allSettled(Array.from({ length: 8 }, lock));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(['database.lock']);
    for (const taken of held.splice(0)) await taken.release();
  }
});

test('a holder whose pid was given to another process is dead', async () => {
  const me = await identify();
  if (me.started === null) return;
  leave(lockFile(), { ...me, token: 'reused', started: '1' });
  await lock();
});

test('one who died while taking over from a dead holder is taken over as well', async () => {
  const pid = await deadPid();
  leave(lockFile(), { ...(await identify()), token: 'first', pid });
  leave(`${lockFile()}.first`, { ...(await identify()), token: 'second', pid });
  leave(`${lockFile()}.first.second`, { ...(await identify()), token: 'third', pid });
  await lock();
  expect(readdirSync(folder)).toEqual(['database.lock']);
});

test('a holder elsewhere counts as gone only after 15 s without a touch', async () => {
  const elsewhere = { token: 'far', pid: 7, started: '1', machine: 'another', host: 'another-host' };
  leave(lockFile(), elsewhere, 14);
  const touching = setTimeout(() => leave(lockFile(), elsewhere), 300);
  await expect(lock()).rejects.toMatchObject(inUse(7));
  clearTimeout(touching);
  leave(lockFile(), elsewhere, 14.5);
  const began = performance.now();
  await lock();
  expect(performance.now() - began).toBeGreaterThan(400);
});

test('a lock file without readable content is treated like one from elsewhere', async () => {
  writeFileSync(lockFile(), '');
  const old = new Date(Date.now() - 60_000);
  utimesSync(lockFile(), old, old);
  await lock();
  expect(JSON.parse(readFileSync(lockFile(), 'utf8')).pid).toBe(process.pid);
});

test('release leaves a lock alone that is no longer ours', async () => {
  const mine = await lock();
  leave(lockFile(), { token: 'theirs', pid: 7, started: '1', machine: 'another', host: 'another-host' });
  await mine.release();
  expect(existsSync(lockFile())).toBe(true);
});
