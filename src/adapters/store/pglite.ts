/**
 * The embedded store: PostgreSQL compiled to WebAssembly, inside this process, on files of its own.
 *
 * Three things it lacks are added here: real fsync, one process per directory, and vacuuming.
 */
import { mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { sql } from 'kysely';
import { lockDirectory } from './directory-lock.ts';
import { createDurableFiles, durableSettings, proveDurability } from './durable-files.ts';
import { createEmbeddedSession } from './embedded-session.ts';
import type { StoreLog } from './failures.ts';
import { createIfMissing } from './first-start.ts';
import { migrate } from './migrate.ts';
import { createSqlStore, type SqlStore } from './sql-store.ts';

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
}: PgliteStoreOptions & { readonly release: () => Promise<void> }): Promise<SqlStore> {
  const durable = createDurableFiles(directory);
  const database = await PGlite.create(
    durability === 'full'
      ? { fs: durable.files, startParams: [...durableSettings, ...small] }
      : { fs: new NodeFS(directory), startParams: [...PGlite.defaultStartParams, ...small] },
  );
  const { db, shutDown } = createEmbeddedSession(database, log);
  const timer = setInterval(() => {
    sql`vacuum (analyze)`.execute(db).catch((error: unknown) => log.warn({ err: error }, 'vacuum failed'));
  }, vacuumEveryMs);
  timer.unref();
  const store = createSqlStore({
    db,
    log,
    async release() {
      clearInterval(timer);
      await shutDown();
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
