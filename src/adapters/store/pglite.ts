/**
 * The embedded store: PostgreSQL compiled to WebAssembly, inside this process, on files of its own.
 *
 * Three things it lacks are added here: real fsync, one process per directory, and vacuuming.
 */
import { mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { type Kysely, sql } from 'kysely';
import { lockDirectory } from './directory-lock.ts';
import { createDurableFiles, durableSettings, proveDurability } from './durable-files.ts';
import { createEmbeddedSession, type EmbeddedSession } from './embedded-session.ts';
import type { StoreLog } from './failures.ts';
import { createIfMissing } from './first-start.ts';
import { migrate } from './migrate.ts';
import { beat, createSqlStore, type SqlStore } from './sql-store.ts';
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
/** Nothing else clears away dead rows; old TagSets would pile up. */
const vacuumEveryMs = 10 * 60_000;

/** Refuses with `store.unavailable` when the directory is in use, or when commits do not reach the disk. */
export async function createPgliteStore(options: PgliteStoreOptions): Promise<SqlStore> {
  const { db, close } = await openEmbedded(options);
  const timer = setInterval(() => {
    sql`vacuum (analyze)`
      .execute(db)
      .catch((error: unknown) => options.log.warn({ err: error }, 'vacuum failed'));
  }, vacuumEveryMs);
  timer.unref();
  return createSqlStore({
    db,
    log: options.log,
    async release() {
      clearInterval(timer);
      await close();
    },
  });
}

export interface EmbeddedDatabase {
  /** One session, its tables up to date. */
  readonly db: Kysely<Tables>;
  /** After the last query and after `db.destroy()`: stops the engine, gives the directory back. */
  close(): Promise<void>;
}

/** The database in this directory, created where missing, locked against every other process. */
export async function openEmbedded(options: PgliteStoreOptions): Promise<EmbeddedDatabase> {
  const { durability, log } = options;
  const parent = path.dirname(path.resolve(options.directory));
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const directory = path.join(await realpath(parent), path.basename(options.directory));
  const lock = await lockDirectory(directory, log);
  try {
    await createIfMissing(directory, durability === 'full', log);
    const { db, shutDown } = await openEngine({ directory, durability, log });
    return {
      db,
      async close() {
        await shutDown();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The engine on a directory that holds a database. Whoever calls keeps other processes away from it. */
export async function openEngine({
  directory,
  durability,
  log,
}: PgliteStoreOptions): Promise<EmbeddedSession> {
  const durable = createDurableFiles(directory);
  const database = await PGlite.create(
    durability === 'full'
      ? { fs: durable.files, startParams: [...durableSettings, ...small] }
      : { fs: new NodeFS(directory), startParams: [...PGlite.defaultStartParams, ...small] },
  );
  const session = createEmbeddedSession(database, log);
  try {
    await migrate(session.db);
    if (durability === 'full') {
      await proveDurability(durable, () => beat(session.db));
      await session.groupCommits();
      await proveDurability(durable, () => session.flush());
    }
    return session;
  } catch (error) {
    await session.db.destroy();
    await session.shutDown();
    throw error;
  }
}
