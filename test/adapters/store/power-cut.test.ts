/**
 * The proof of grouped commits: many writers at once, checkpoints among them, the power cut at any operation on any file.
 * The database then opens, its tables and indexes agree, and whatever was promised is there. The same cuts find the
 * losses of a database that answers without waiting, so they would find ours. CUT_ROUNDS and CUT_SEED: more cuts, others.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { amcheck } from '@electric-sql/pglite/contrib/amcheck';
import { createPgConfig } from '@electric-sql/pglite/node-postgres';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDurableFiles, durableSettings } from '../../../src/adapters/store/durable-files.ts';
import { createEmbeddedSession, type EmbeddedSession } from '../../../src/adapters/store/embedded-session.ts';
import { createPgliteStore } from '../../../src/adapters/store/pglite.ts';
import { createSqlStore } from '../../../src/adapters/store/sql-store.ts';
import type { Tables } from '../../../src/adapters/store/tables.ts';
import { sha256, writeOf } from '../../contracts/sample-tags.ts';
import { longRuns } from '../../long-runs.ts';
import { copyEmptyDatabase } from './fresh-database-folder.ts';
import { missingPromises } from './missing-promises.ts';
import { cutPower, type Operation, recordOperations } from './power-cut.ts';
import { quiet } from './quiet-log.ts';

const rounds = Number(process.env.CUT_ROUNDS ?? 1);
const seed = process.env.CUT_SEED ?? '1';
const writers = 8;
const writesEach = 30;

const folder = mkdtempSync(path.join(tmpdir(), 'hangtag-cut-'));
const before = path.join(folder, 'before');
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  copyEmptyDatabase(before);
  await (await createPgliteStore({ directory: before, durability: 'full', log: quiet })).close();
});

type Opened = Pick<EmbeddedSession, 'db' | 'shutDown'>;

/** 0 to 1, the same numbers for the same name. */
function numbers(name: string): () => number {
  let drawn = 0;
  return () => Number.parseInt(sha256(`${seed} ${name} ${drawn++}`).slice(0, 8), 16) / 2 ** 32;
}

/** What happens to the files while writers write, each promise at its place in between. */
async function recordWriting(
  name: string,
  settings: readonly string[],
  open: (database: PGlite) => Promise<Opened>,
): Promise<readonly Operation[]> {
  const directory = path.join(folder, name);
  cpSync(before, directory, { recursive: true });
  const operations: Operation[] = [];
  const durable = createDurableFiles(directory);
  recordOperations(durable.files, directory, operations);
  const { db, shutDown } = await open(
    await PGlite.create({ fs: durable.files, startParams: [...durableSettings, ...settings] }),
  );
  const store = createSqlStore({ db, release: shutDown, log: quiet });
  const write = async (writer: number) => {
    for (let index = 0; index < writesEach; index++) {
      // Every other write revises the product before it.
      const id = `${writer}-${index >> 1}`;
      const { revision } = await store.saveTags(writeOf(id, { title: `${id} ${index & 1}` }));
      operations.push({ kind: 'promise', id, revision });
      if (writer === 0 && index % 10 === 9) await sql`checkpoint`.execute(db);
      if (writer === 1 && index === 15) await sql`vacuum`.execute(db);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  const done = operations.length;
  await store.close();
  rmSync(directory, { recursive: true });
  return operations.slice(0, done);
}

/** What is wrong with the store after this cut. */
async function problemsAfter(
  operations: readonly Operation[],
  round: number,
  name: string,
): Promise<string[]> {
  const random = numbers(`${name} ${round}`);
  // Right after a promise there is most to lose; anywhere else, a flush or a checkpoint is cut in two.
  const promises = operations.flatMap(({ kind }, index) => (kind === 'promise' ? [index] : [])).slice(10);
  const after =
    round % 2 === 0
      ? promises[Math.floor(random() * promises.length)]! + 1
      : promises[0]! + Math.ceil((operations.length - promises[0]!) * random());
  const directory = path.join(folder, `${name}-${round}`);
  cpSync(before, directory, { recursive: true });
  cutPower(operations, directory, { after, keep: [0, 0.5, 0.9][round % 3]!, random });
  const promised = new Map<string, number>();
  for (const operation of operations.slice(0, after)) {
    if (operation.kind === 'promise') promised.set(operation.id, operation.revision);
  }
  expect(promised.size).toBeGreaterThan(3);
  try {
    const store = await createPgliteStore({ directory, durability: 'relaxed', log: quiet });
    const missing = await missingPromises(store, promised);
    await store.close();
    return [...missing, ...(await damage(directory))];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Every index against its table, every table's pages against themselves. */
async function damage(directory: string): Promise<string[]> {
  const database = await PGlite.create({ dataDir: directory, extensions: { amcheck } });
  try {
    await database.exec('create extension amcheck');
    const { rows } = await database.query<{ checked: number }>(`
      select count(bt_index_check(c.oid::regclass, true)) as checked from pg_class c
      join pg_am a on a.oid = c.relam where a.amname = 'btree' and c.relkind = 'i'`);
    expect(rows[0]!.checked).toBeGreaterThan(10);
    const pages = await database.query<{ relname: string; msg: string }>(`
      select c.relname, v.msg from pg_class c, verify_heapam(c.oid::regclass) v where c.relkind = 'r'`);
    return pages.rows.map(({ relname, msg }) => `${relname}: ${msg}`);
  } finally {
    await database.close();
  }
}

/** Commits and answers; nothing waits for the disk. */
async function carelessSession(database: PGlite): Promise<Opened> {
  const pool = new pg.Pool({ ...(createPgConfig(database) as unknown as pg.PoolConfig), max: 1 });
  return {
    db: new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }),
    shutDown: () => database.close(),
  };
}

test(
  `${rounds} power cuts: what was promised is there, and the database is sound`,
  async () => {
    const operations = await recordWriting('grouped', [], async (database) => {
      const session = createEmbeddedSession(database, quiet);
      await session.groupCommits();
      return session;
    });
    const count = (kind: Operation['kind']) =>
      operations.filter((operation) => operation.kind === kind).length;
    expect(count('promise')).toBe(writers * writesEach);
    // Proof that commits were grouped while this was recorded.
    const log = operations.filter(
      ({ kind, ...rest }) => kind === 'flush' && /pg_wal/.test(JSON.stringify(rest)),
    );
    expect(log.length).toBeLessThan((writers * writesEach) / 2);
    for (let round = 0; round < rounds; round++) {
      expect(await problemsAfter(operations, round, 'grouped'), `round ${round}, seed ${seed}`).toEqual([]);
    }
  },
  60_000 + rounds * 20_000,
);

test('the same cuts find what is lost where nobody waits for the disk', async () => {
  const operations = await recordWriting('careless', ['-c', 'synchronous_commit=off'], carelessSession);
  const found: string[] = [];
  for (const round of longRuns ? [0, 6, 12] : [6])
    found.push(...(await problemsAfter(operations, round, 'careless')));
  expect(found).toContainEqual(expect.stringMatching(/revision none/));
}, 60_000);
