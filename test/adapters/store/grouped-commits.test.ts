/** Commits that share an fsync: fewer flushes, and still nobody is told of what the disk does not hold. */
import { fsyncSync, mkdtempSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createDurableFiles,
  type DurableFiles,
  durableSettings,
} from '../../../src/adapters/store/durable-files.ts';
import { createEmbeddedSession } from '../../../src/adapters/store/embedded-session.ts';
import { createIfMissing } from '../../../src/adapters/store/first-start.ts';
import { migrate } from '../../../src/adapters/store/migrate.ts';
import { createPgliteStore } from '../../../src/adapters/store/pglite.ts';
import { createSqlStore, type SqlStore } from '../../../src/adapters/store/sql-store.ts';
import { countUp, writeOf } from '../../contracts/sample-tags.ts';
import { quiet } from './quiet-log.ts';

let folder: string;
let directory: string;
let store: SqlStore;
let durable: DurableFiles;
let beforeFlush: () => void;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'hangtag-grouped-'));
  directory = path.join(folder, 'database');
  beforeFlush = () => {};
  await createIfMissing(directory, true, quiet);
  durable = createDurableFiles(directory, (descriptor) => {
    beforeFlush();
    fsyncSync(descriptor);
  });
  const database = await PGlite.create({ fs: durable.files, startParams: [...durableSettings] });
  const session = createEmbeddedSession(database, quiet);
  await migrate(session.db);
  await session.groupCommits();
  store = createSqlStore({ db: session.db, release: session.shutDown, log: quiet });
}, 60_000);
afterEach(async () => {
  await store.close().catch(() => {});
  rmSync(folder, { recursive: true, force: true });
});

test('sixteen writers at once share flushes; one alone has its own; reading what is flushed needs none', async () => {
  await store.saveTags(writeOf('warm'));
  const before = durable.count();
  await Promise.all(Array.from({ length: 64 }, (_, n) => store.saveTags(writeOf(`sku-${n}`))));
  const together = durable.count() - before;
  expect(together).toBeGreaterThan(0);
  expect(together).toBeLessThan(64 / 4);
  for (let n = 0; n < 8; n++) await store.saveTags(countUp('alone'));
  const alone = durable.count() - before - together;
  expect(alone).toBeGreaterThanOrEqual(8);
  const after = durable.count();
  await store.findTags('alone');
  await store.history('alone', 10);
  expect(durable.count()).toBe(after);
}, 60_000);

test('whoever waits for a flush that fails is refused, and so is everybody after', async () => {
  await store.saveTags(writeOf('kept'));
  beforeFlush = () => {
    throw new Error('the disk is gone');
  };
  const answers = await Promise.allSettled(
    Array.from({ length: 8 }, (_, n) => store.saveTags(writeOf(`lost-${n}`))),
  );
  for (const answer of answers)
    expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'store.unavailable' } });
  await expect(store.findTags('kept')).rejects.toMatchObject({ code: 'store.unavailable' });
}, 60_000);

test('a mistake in one writer’s decision is its own', async () => {
  const thrower = writeOf(
    'thrower',
    {},
    {
      decide: () => {
        throw new Error('mine alone');
      },
    },
  );
  const [first, second, third] = await Promise.allSettled([
    store.saveTags(writeOf('one')),
    store.saveTags(thrower),
    store.saveTags(writeOf('two')),
  ]);
  expect([first.status, second.status, third.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await store.findTags('thrower')).toBeNull();
});

/**
 * What a power cut leaves, at its kindest: the files as they were when the disk was last asked to keep them. Every
 * acknowledged write must be there, although the process has written on since.
 */
test('at any moment the directory on the disk holds all that was acknowledged', async () => {
  const acknowledged = new Set<string>();
  const writer = async (lane: number) => {
    for (let n = 0; n < 6; n++) {
      const id = `sku-${lane}-${n}`;
      await store.saveTags(writeOf(id));
      acknowledged.add(id);
    }
  };
  await Promise.all([0, 1, 2, 3].map(writer));
  const known = [...acknowledged];
  // Nothing is closed: what only the engine's memory holds is missing from the copy.
  const copy = path.join(folder, 'copy');
  await cp(directory, copy, { recursive: true });
  const reopened = await createPgliteStore({ directory: copy, durability: 'relaxed', log: quiet });
  try {
    const missing: string[] = [];
    for (const id of known) if (!(await reopened.findTags(id))) missing.push(id);
    expect(known).toHaveLength(24);
    expect(missing).toEqual([]);
  } finally {
    await reopened.close();
  }
}, 60_000);
