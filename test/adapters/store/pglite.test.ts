/** What only the embedded store has: fsync that is proved, one holder per directory, and a session that can break. */
import fs, { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  createDurableFiles,
  type DurableFiles,
  durableSettings,
  proveDurability,
} from '../../../src/adapters/store/durable-files.ts';
import { createEmbeddedSession } from '../../../src/adapters/store/embedded-session.ts';
import { migrate } from '../../../src/adapters/store/migrate.ts';
import { createPgliteStore } from '../../../src/adapters/store/pglite.ts';
import { createSqlStore } from '../../../src/adapters/store/sql-store.ts';
import { countUp, sha256, writeOf } from '../../contracts/sample-tags.ts';
import { quiet } from './quiet-log.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'hangtag-pglite-'));
const directory = path.join(folder, 'database');
const open = (durability: 'full' | 'relaxed') => createPgliteStore({ directory, durability, log: quiet });

beforeAll(async () => {
  await (await open('full')).close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Statements that a test sends around the store; undone by the next cleaning. */
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function engine(startParams: readonly string[], flush?: (descriptor: number) => void) {
  const durable: DurableFiles = createDurableFiles(directory, flush);
  const database = await PGlite.create({ fs: durable.files, startParams: [...startParams] });
  const { db, shutDown } = createEmbeddedSession(database, quiet);
  await migrate(db);
  const store = createSqlStore({ db, release: shutDown, log: quiet });
  closing.push(() => store.close());
  return { durable, db, store };
}

test('opening leaves the database, and after closing no lock and no draft', async () => {
  expect(readdirSync(folder)).toEqual(['database']);
  const store = await open('relaxed');
  expect(readdirSync(folder).sort()).toEqual(['database', 'database.lock']);
  await expect(open('relaxed')).rejects.toMatchObject({
    code: 'store.unavailable',
    message: `data directory ${directory} is in use by pid ${process.pid}`,
  });
  await store.close();
  expect(readdirSync(folder)).toEqual(['database']);
});

test('a draft of a first start that crashed is cleared away', async () => {
  mkdirSync(path.join(folder, 'database.draft-0123/base'), { recursive: true });
  await (await open('relaxed')).close();
  expect(readdirSync(folder)).toEqual(['database']);
});

test('a folder that holds something else is left alone, with its lock given back', async () => {
  const other = path.join(folder, 'other');
  mkdirSync(other);
  writeFileSync(path.join(other, 'photo.jpg'), '');
  await expect(createPgliteStore({ directory: other, durability: 'relaxed', log: quiet })).rejects.toThrow(
    'is not empty and holds no database',
  );
  expect(readdirSync(other)).toEqual(['photo.jpg']);
  rmSync(other, { recursive: true });
  expect(readdirSync(folder)).toEqual(['database']);
});

describe('durability', () => {
  test('each commit reaches the disk, reading does not', async () => {
    const { durable, store } = await engine(durableSettings);
    for (let index = 0; index < 10; index++) {
      const before = durable.count();
      await store.saveTags(writeOf(`fsync-${index}`));
      expect(durable.count()).toBeGreaterThan(before);
    }
    const before = durable.count();
    for (let index = 0; index < 10; index++) await store.findTags(`fsync-${index}`);
    expect(durable.count()).toBe(before);
    await expect(proveDurability(durable, () => store.ping())).resolves.toBeUndefined();
  });

  test('with fsync off, the proof fails', async () => {
    const { durable, store } = await engine([...durableSettings, '-F']);
    await expect(proveDurability(durable, () => store.ping())).rejects.toMatchObject({
      code: 'store.unavailable',
      message: expect.stringContaining('does not flush its commits'),
    });
  });

  test('a disk that fails to flush stops the store: refused, never acknowledged', async () => {
    let failing = false;
    const { store } = await engine(durableSettings, (descriptor) => {
      if (failing) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      fs.fsyncSync(descriptor);
    });
    await store.saveTags(writeOf('kept'));
    failing = true;
    const refusal = { code: 'store.unavailable' };
    await expect(store.saveTags(writeOf('lost'))).rejects.toMatchObject(refusal);
    await expect(store.ping()).rejects.toMatchObject(refusal);
    failing = false;
    await expect(store.saveTags(writeOf('late'))).rejects.toMatchObject(refusal);
    await store.close();
    const again = await engine(durableSettings);
    expect(await again.store.findTags('kept')).not.toBeNull();
    expect(await again.store.findTags('late')).toBeNull();
  });
});

describe('races and mistakes', () => {
  /** Every insert into the history fails with this SQLSTATE, the first `times` times. */
  async function failHistory(state: string, times: number) {
    const opened = await engine([...durableSettings, '-F']);
    const run = (text: string) => sql.raw(text).execute(opened.db);
    await run('create sequence failures');
    await run(`create function fail() returns trigger language plpgsql as $$ begin
      if nextval('failures') <= ${times} then raise exception 'made to fail' using errcode = '${state}'; end if;
      return new; end $$`);
    await run('create trigger fail before insert on tag_history for each row execute function fail()');
    closing.push(async () => {
      await run('drop trigger fail on tag_history');
      await run('drop function fail');
      await run('drop sequence failures');
    });
    return opened;
  }

  test.each(['40001', '40P01'])('%s: the transaction runs again, from reading on', async (state) => {
    const { store } = await failHistory(state, 3);
    let decided = 0;
    const write = countUp(`again-${state}`);
    const answer = await store.saveTags({
      ...write,
      decide: (current) => {
        decided++;
        return write.decide(current, null);
      },
    });
    expect([answer.revision, answer.title, decided]).toEqual([1, '1', 4]);
  });

  test('a race that is lost every time is store.unavailable in the end', async () => {
    const { store } = await failHistory('40001', 1_000);
    await expect(store.saveTags(writeOf('never'))).rejects.toMatchObject({
      code: 'store.unavailable',
      retryAfter: expect.any(Number),
      cause: { code: '40001' },
    });
    expect(await store.findTags('never')).toBeNull();
    expect((await store.findImages([sha256('never')], 'm@1')).size).toBe(0);
  });

  test('a full disk is store.unavailable, a mistake of ours stays one; neither stops the store', async () => {
    const { store } = await failHistory('53100', 1);
    await expect(store.saveTags(writeOf('full'))).rejects.toMatchObject({
      code: 'store.unavailable',
      cause: { code: '53100' },
    });
    expect((await store.saveTags(writeOf('full'))).revision).toBe(1);
    await closing.pop()!();
    await closing.pop()!();
    const { store: second } = await failHistory('23514', 1);
    await expect(second.saveTags(writeOf('mistake'))).rejects.toMatchObject({ code: '23514' });
    expect((await second.saveTags(writeOf('mistake'))).revision).toBe(1);
  });
});
