/** The store on a PostgreSQL server (15 or newer). Any number of processes may share one database. */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { type StoreLog, unavailable } from './failures.ts';
import { guardedPool } from './guarded-pool.ts';
import { migrate } from './migrate.ts';
import { createSqlStore, type SqlStore } from './sql-store.ts';
import type { Tables } from './tables.ts';
import { refuseUnfinishedCopy } from './transfer/record.ts';

export interface PostgresStoreOptions {
  /** postgres://… */
  readonly url: string;
  /** Connections at most; 10 unless told. */
  readonly poolSize?: number;
  readonly log: StoreLog;
}

/** Milliseconds. The server ends a statement first; the client gives up on a silent connection soon after. */
const timeouts = {
  connectionTimeoutMillis: 3_000,
  statement_timeout: 15_000,
  query_timeout: 20_000,
  idle_in_transaction_session_timeout: 30_000,
  idleTimeoutMillis: 30_000,
};

/** Connects, brings the tables up to date, and resolves. Refuses with `store.unavailable`, naming the reason. */
export async function createPostgresStore({
  url,
  poolSize = 10,
  log,
}: PostgresStoreOptions): Promise<SqlStore> {
  const connect = (options: pg.PoolConfig) =>
    new Kysely<Tables>({
      dialect: new PostgresDialect({
        pool: guardedPool(
          new pg.Pool({ connectionString: url, application_name: 'hangtag', keepAlive: true, ...options }),
          log,
        ),
      }),
    });
  // Waiting for another process's migration, or a long one of our own, may take as long as it takes.
  const preparing = connect({ max: 1, connectionTimeoutMillis: timeouts.connectionTimeoutMillis });
  try {
    await refuseUnfinishedCopy(preparing);
    await migrate(preparing);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error ? cause.message || String('code' in cause && cause.code) : '';
    throw unavailable(`The PostgreSQL database of DATABASE_URL cannot be used: ${reason}`, cause);
  } finally {
    await preparing.destroy();
  }
  return createSqlStore({ db: connect({ max: poolSize, ...timeouts }), log });
}
