/**
 * The embedded store: PostgreSQL compiled to WebAssembly, inside this process, on files of its own.
 *
 * It has one session, so the pool lends out one connection: transactions queue, and no query can slip into another's.
 * Three things it lacks are added here: real fsync, one process per directory, and vacuuming.
 */
import { mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { createPgConfig } from '@electric-sql/pglite/node-postgres';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Store } from '../../application/ports.ts';
import { lockDirectory } from './directory-lock.ts';
import { createDurableFiles, durableSettings, proveDurability } from './durable-files.ts';
import type { StoreLog } from './failures.ts';
import { createIfMissing } from './first-start.ts';
import { guardedPool } from './guarded-pool.ts';
import { migrate } from './migrate.ts';
import { createSqlStore } from './sql-store.ts';
import type { Tables } from './tables.ts';

export interface PgliteStoreOptions {
  /** Created where missing; its lock file stands beside it. */
  readonly directory: string;
  /** full: an acknowledged write survives a power cut. relaxed: it survives the end of the process only; for tests. */
  readonly durability: 'full' | 'relaxed';
  readonly log: StoreLog;
}

/** Memory is the process's own: the operating system's cache serves the rest. */
const small = ['-c', 'shared_buffers=16MB', '-c', 'wal_buffers=256kB'];
/** Callers wait for the one connection; this long means that the process cannot keep up. */
const waitForTurnMs = 10_000;
const vacuumEveryMs = 10 * 60_000;

/** Refuses with `store.unavailable` when the directory is in use, or when commits do not reach the disk. */
export async function createPgliteStore(options: PgliteStoreOptions): Promise<Store> {
  const { durability, log } = options;
  const parent = path.dirname(path.resolve(options.directory));
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const directory = path.join(await realpath(parent), path.basename(options.directory));
  const lock = await lockDirectory(directory, log);
  try {
    await createIfMissing(directory, durability === 'full', log);
    return await openDatabase({ directory, durability, log, release: lock.release });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function openDatabase({
  directory,
  durability,
  log,
  release,
}: PgliteStoreOptions & { readonly release: () => Promise<void> }): Promise<Store> {
  const durable = createDurableFiles(directory);
  const database = await PGlite.create(
    durability === 'full'
      ? { fs: durable.files, startParams: [...durableSettings, ...small] }
      : { fs: new NodeFS(directory), startParams: [...PGlite.defaultStartParams, ...small] },
  );
  const db = embeddedKysely(database, log);
  const timer = setInterval(() => {
    sql`vacuum (analyze)`.execute(db).catch((error: unknown) => log.warn({ err: error }, 'vacuum failed'));
  }, vacuumEveryMs);
  timer.unref();
  const store = createSqlStore({
    db,
    async release() {
      clearInterval(timer);
      await database.close();
      await release();
    },
  });
  try {
    await migrate(db);
    if (durability === 'full') await proveDurability(durable, () => store.ping());
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

export function embeddedKysely(database: PGlite, log: StoreLog): Kysely<Tables> {
  // The adapter is no socket and has only what the driver calls, which the driver's types do not know.
  const adapter = createPgConfig(database) as unknown as pg.PoolConfig;
  const pool = new pg.Pool({
    ...adapter,
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: waitForTurnMs,
    // A connection given up on leaves the session behind, perhaps in the middle of a transaction.
    onConnect: async (client: pg.ClientBase) => {
      await client.query('rollback');
    },
  });
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: guardedPool(pool, log) }) });
}
