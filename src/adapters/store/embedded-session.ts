/**
 * The embedded database's one session, lent out by a pool of one: transactions queue, and no query can slip into
 * another's transaction.
 */
import type { PGlite } from '@electric-sql/pglite';
import { createPgConfig } from '@electric-sql/pglite/node-postgres';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { watchEngine } from './engine-messages.ts';
import type { StoreLog } from './failures.ts';
import { GroupingDialect, groupCommits } from './grouped-commits.ts';
import { guardedPool } from './guarded-pool.ts';
import { createStatementNames } from './statement-names.ts';
import type { Tables } from './tables.ts';

/** Callers wait for the one connection; this long means that the process cannot keep up. */
const waitForTurnMs = 10_000;

export interface EmbeddedSession {
  readonly db: Kysely<Tables>;
  /** From now on commits share their fsync, see `grouped-commits.ts`. */
  groupCommits(): Promise<void>;
  /** What was committed is on the disk once this resolves. */
  flush(): Promise<void>;
  /** After the last query: stops the engine in good order, where it has not stopped itself. */
  shutDown(): Promise<void>;
}

export function createEmbeddedSession(database: PGlite, log: StoreLog): EmbeddedSession {
  const stopped = watchEngine(database, log);
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
  const guarded = guardedPool(pool, log, createStatementNames());
  // Beside the grouped commits, not through them: this is what they wait for.
  const flushing = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: guarded }) });
  const groups = groupCommits(guarded, () => flushCommitted(flushing));
  return {
    db: new Kysely<Tables>({ dialect: new GroupingDialect(groups) }),
    async groupCommits() {
      await sql`set synchronous_commit = off`.execute(flushing);
      groups.begin();
    },
    flush: () => flushCommitted(flushing),
    async shutDown() {
      if (!stopped()) await database.close();
    },
  };
}

/**
 * A commit of its own that is synchronous: it takes all of the write-ahead log before it to the disk. One statement, so
 * that the setting ends with it.
 */
async function flushCommitted(db: Kysely<Tables>): Promise<void> {
  await sql`
    select set_config('synchronous_commit', 'on', true), pg_logical_emit_message(true, 'hangtag', '')`.execute(
    db,
  );
}
