/** Backup and restore of the embedded store: the same answers, or a refusal that leaves everything as it is. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createFileOriginals } from '../../../../src/adapters/originals/files.ts';
import { createPgliteStore } from '../../../../src/adapters/store/pglite.ts';
import { backUp } from '../../../../src/adapters/store/transfer/backup.ts';
import { restore } from '../../../../src/adapters/store/transfer/restore.ts';
import type { TransferWatch } from '../../../../src/application/ports-transfer.ts';
import { longRuns } from '../../../long-runs.ts';
import { quiet } from '../quiet-log.ts';
import { answersOf, fillStore, never, unwatched } from './filled-store.ts';

const run = promisify(execFile);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

// Each test moves a whole database.
vi.setConfig({ testTimeout: 60_000 });

let folder: string;
let dataDir: string;
/** A good one, made once. */
let file: string;
let empty: string;
const pictures = Array.from({ length: 40 }, (_, n) => Buffer.alloc(10_000 + n * 97, n));

const backUpTo = (target: string, watch = unwatched, signal = never) =>
  backUp({ dataDir, file: target, log: quiet, watch, signal });
const restoreFrom = (from: string, watch = unwatched, signal = never) =>
  restore({ dataDir: empty, file: from, durability: 'relaxed', log: quiet, watch, signal });
const open = (where: string) =>
  createPgliteStore({ directory: path.join(where, 'database'), durability: 'relaxed', log: quiet });

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-backup-'));
  dataDir = path.join(folder, 'data');
  file = path.join(folder, 'good.tar.gz');
  await fillStore(dataDir);
  const originals = await createFileOriginals({ directory: path.join(dataDir, 'originals') });
  for (const picture of pictures) await originals.put(sha256(picture), picture);
  await writeFile(path.join(dataDir, 'originals/drafts/half'), 'half an upload');
  await writeFile(path.join(dataDir, 'notes.txt'), 'mine');
  expect(await backUpTo(file)).toMatchObject({ originals: 40, leftOut: ['notes.txt'] });
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  empty = path.join(await mkdtemp(path.join(folder, 'empty-')), 'data');
});

/** Nothing of a store, and no leftovers. */
const nothingThere = async () => expect(await readdir(empty).catch(() => [])).toEqual([]);

test('restored: the same answers, the same pictures, readable by the owner alone', async () => {
  const stages: string[] = [];
  let bytes = 0;
  const watch: TransferWatch = {
    begin: (stage, unit, total) => stages.push(`${stage} ${unit} ${total}`),
    advance: (by) => {
      bytes += by;
    },
  };
  const { size } = await stat(file);
  expect(await restoreFrom(file, watch)).toMatchObject({ originals: 40, bytes: size });
  expect([stages, bytes]).toEqual([[`restoring bytes ${size}`], size]);
  expect((await readdir(empty)).sort()).toEqual(['database', 'originals']);
  const originals = await createFileOriginals({ directory: path.join(empty, 'originals') });
  for (const picture of pictures) expect(await originals.get(sha256(picture))).toEqual(picture);
  expect((await stat(path.join(empty, 'database/PG_VERSION'))).mode & 0o777).toBe(0o600);
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  const [old, back] = [await open(dataDir), await open(empty)];
  try {
    expect(await answersOf(back)).toEqual(await answersOf(old));
  } finally {
    await old.close();
    await back.close();
  }
});

test('any tar opens it, and sha256sum agrees', async () => {
  await mkdir(empty);
  await run('tar', ['-xzf', file, '-C', empty]);
  const { stdout } = await run('sha256sum', ['--quiet', '-c', 'SHA256SUMS'], { cwd: empty });
  expect(stdout).toBe('');
  expect(await readdir(path.join(empty, 'originals', 'drafts'))).toEqual([]);
});

test('a database that a crash left behind is backed up as it is, and recovers when restored', async () => {
  const crashed = path.join(folder, 'crashed');
  const store = await open(dataDir);
  const expected = await store.findTags('sku-1');
  // The files of a database at work, as kill -9 would leave them.
  await store.ping();
  await cp(dataDir, crashed, { recursive: true });
  await store.close();
  await rm(path.join(crashed, 'database.lock'));
  const target = path.join(folder, 'crashed.tar.gz');
  await backUp({ dataDir: crashed, file: target, log: quiet, watch: unwatched, signal: never });
  await restoreFrom(target);
  const back = await open(empty);
  expect(await back.findTags('sku-1')).toEqual(expected);
  await back.close();
});

describe('a backup is refused', () => {
  test('where the file exists, inside the store, without a store, or while hangtag runs', async () => {
    const before = await readFile(file);
    await expect(backUpTo(file)).rejects.toThrow('exists already');
    expect(before.equals(await readFile(file))).toBe(true);
    await expect(backUpTo(path.join(dataDir, 'originals/x.tar.gz'))).rejects.toThrow('inside what it holds');
    await expect(
      backUp({ dataDir: empty, file: `${file}2`, log: quiet, watch: unwatched, signal: never }),
    ).rejects.toThrow('no embedded database');
    const store = await open(dataDir);
    await expect(backUpTo(`${file}2`)).rejects.toThrow('is in use by pid');
    await store.close();
    await expect(backUpTo(path.join(folder, 'nowhere/x.tar.gz'))).rejects.toThrow('ENOENT');
  });

  test('where the store holds a link', async () => {
    const link = path.join(dataDir, 'originals/elsewhere');
    await symlink('/etc/passwd', link);
    await expect(backUpTo(`${file}2`)).rejects.toThrow('neither a file nor a folder');
    await rm(link);
  });

  test.each(['backing up', 'checking'])('stopped while %s: nothing is left behind', async (when) => {
    const stop = new AbortController();
    const watch: TransferWatch = {
      begin: (stage) => {
        if (stage === when) stop.abort();
      },
      advance() {},
    };
    const before = (await readdir(folder)).filter((name) => name.includes('.tar.gz'));
    await expect(backUpTo(path.join(folder, 'stopped.tar.gz'), watch, stop.signal)).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect((await readdir(folder)).filter((name) => name.includes('.tar.gz'))).toEqual(before);
  });

  test('what a killed one left is written over', async () => {
    const target = path.join(folder, 'again.tar.gz');
    await writeFile(`${target}.unfinished`, Buffer.alloc(20_000_000, 1));
    await backUpTo(target);
    await expect(stat(`${target}.unfinished`)).rejects.toThrow('ENOENT');
    await restoreFrom(target);
  });
});

describe('a damaged backup is refused, and DATA_DIR stays empty', () => {
  /** Of the unpacked tar. */
  async function altered(change: (tar: Buffer) => Buffer): Promise<string> {
    const target = path.join(path.dirname(empty), 'altered.tar.gz');
    await writeFile(target, gzipSync(change(gunzipSync(await readFile(file))), { level: 1 }));
    return target;
  }
  const cut = async (bytes: number) => {
    const target = path.join(path.dirname(empty), 'cut.tar.gz');
    await cp(file, target);
    await truncate(target, (await stat(file)).size - bytes);
    return target;
  };
  /** Where an entry's header stands. */
  const at = (tar: Buffer, name: string) => tar.indexOf(`${name}\0`);

  test.each([1, 9, 5_000, 500_000])('cut short by %i bytes', async (bytes) => {
    await expect(restoreFrom(await cut(bytes))).rejects.toThrow(/damaged/);
    await nothingThere();
  });

  test('a flipped byte in a picture, in the database, in the checksums', async () => {
    for (const name of [
      `originals/${sha256(pictures[7]!).slice(0, 2)}/${sha256(pictures[7]!)}`,
      'SHA256SUMS',
    ]) {
      const changed = await altered((tar) => {
        tar[at(tar, name) + 512 + 10]! ^= 1;
        return tar;
      });
      await expect(restoreFrom(changed)).rejects.toThrow(/The backup is damaged: .* differ/);
      await nothingThere();
    }
  });

  test('without its checksums, as a tar cut at an entry would be', async () => {
    const changed = await altered((tar) =>
      Buffer.concat([tar.subarray(0, at(tar, 'SHA256SUMS')), Buffer.alloc(1024)]),
    );
    await expect(restoreFrom(changed)).rejects.toThrow('cut off: its checksums are missing');
    await nothingThere();
  });

  test.skipIf(!longRuns)(
    'a file that was taken out, one that was put in, and a name that leads out',
    async () => {
      const name = `originals/${sha256(pictures[0]!).slice(0, 2)}/${sha256(pictures[0]!)}`;
      const without = await altered((tar) => {
        const start = at(tar, name);
        const end = start + 512 + Math.ceil(pictures[0]!.length / 512) * 512;
        return Buffer.concat([tar.subarray(0, start), tar.subarray(end)]);
      });
      await expect(restoreFrom(without)).rejects.toThrow('damaged');
      await nothingThere();
      const unpacked = path.join(path.dirname(empty), 'unpacked');
      await mkdir(unpacked);
      await run('tar', ['-xzf', file, '-C', unpacked]);
      await writeFile(path.join(unpacked, 'originals/extra'), 'x');
      const names = ['hangtag-backup.json', 'database', 'originals', 'SHA256SUMS'];
      const made = path.join(path.dirname(empty), 'made.tar.gz');
      await run('tar', ['-czf', made, '-C', unpacked, ...names]);
      await expect(restoreFrom(made)).rejects.toThrow('originals/extra (1 in all)');
      await nothingThere();
      for (const [bad, reason] of [
        ['../escaped', 'forbidden name'],
        ['etc/cron', 'does not belong there'],
      ]) {
        await run('tar', ['-czPf', made, '-C', unpacked, `--transform=s,^originals/extra,${bad},`, ...names]);
        await expect(restoreFrom(made)).rejects.toThrow(reason);
        await nothingThere();
      }
      expect(await readdir(path.dirname(empty))).not.toContain('escaped');
    },
  );

  test('something else altogether, and a format of the future', async () => {
    const other = path.join(path.dirname(empty), 'other');
    await writeFile(other, 'not a tar at all');
    await expect(restoreFrom(other)).rejects.toThrow('damaged or no backup');
    await appendFile(other, '');
    await writeFile(other, gzipSync(Buffer.alloc(2048)));
    await expect(restoreFrom(other)).rejects.toThrow('no backup');
    const future = await altered((tar) =>
      Buffer.from(tar.toString('latin1').replace('"format":1', '"format":2'), 'latin1'),
    );
    await expect(restoreFrom(future)).rejects.toThrow('has format 2');
    await expect(restoreFrom(path.join(folder, 'absent'))).rejects.toThrow('There is no file');
    await nothingThere();
  });
});

describe.skipIf(!longRuns)('a restore is refused', () => {
  test('where there is a database, or pictures', async () => {
    await mkdir(path.join(empty, 'originals/ab'), { recursive: true });
    await writeFile(path.join(empty, 'originals/ab/cd'), 'theirs');
    await expect(restoreFrom(file)).rejects.toThrow('originals holds pictures');
    expect(await readdir(empty)).toEqual(['originals']);
    await rm(path.join(empty, 'originals'), { recursive: true });
    await (await open(empty)).close();
    await expect(restoreFrom(file)).rejects.toThrow('holds a database');
    const store = await open(empty);
    await expect(restoreFrom(file)).rejects.toThrow('is in use by pid');
    await store.close();
  });

  test('cut off while pictures were moved, the same command ends it', async () => {
    // As kill -9 leaves it: the draft is there, and some of the pictures in their place.
    await mkdir(path.join(empty, 'database.draft-restore/database'), { recursive: true });
    const first = sha256(pictures[0]!);
    await mkdir(path.join(empty, 'originals', first.slice(0, 2)), { recursive: true });
    await writeFile(path.join(empty, 'originals', first.slice(0, 2), first), pictures[0]!);
    await restoreFrom(file);
    expect((await readdir(empty)).sort()).toEqual(['database', 'originals']);
    await (await open(empty)).close();
  });

  test('stopped half-way, nothing is left behind', async () => {
    const stop = new AbortController();
    const watch: TransferWatch = { begin() {}, advance: () => stop.abort() };
    await expect(restoreFrom(file, watch, stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
    await nothingThere();
  });
});
