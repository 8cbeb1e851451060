/**
 * A `pg` pool as Kysely wants it, with what a long-lived service needs besides:
 * a lost connection never crashes the process, a connection in an unknown state never goes back into the pool,
 * and the driver's errors leave here translated. Lost races stay raw, so that the transaction around them can run again.
 */
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import type pg from 'pg';
import { breaksConnection, isLostRace, type StoreLog, translated, unavailable } from './failures.ts';
import type { NameOf } from './statement-names.ts';

/** `nameOf`: keeps statements with values ready in the session; without it none is. */
export function guardedPool(pool: pg.Pool, log: StoreLog, nameOf: NameOf = () => null): PostgresPool {
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection was lost'));
  // The pool listens only while a connection is idle. While one is lent out, the query in work reports the loss.
  pool.on('connect', (client) => client.on('error', () => {}));
  return {
    async connect() {
      try {
        return guardedClient(await pool.connect(), nameOf);
      } catch (error) {
        throw error instanceof Error && error.message.startsWith('timeout exceeded')
          ? unavailable('The database is busy: no connection became free in time.', error)
          : translated(error);
      }
    },
    end: () => pool.end(),
  };
}

function guardedClient(client: pg.PoolClient, nameOf: NameOf): PostgresPoolClient {
  let broken = false;
  const query = async (text: string, parameters: readonly unknown[]) => {
    if (broken) throw unavailable('The connection to the database was lost.');
    try {
      const name = parameters.length > 0 ? nameOf(text) : null;
      return await client.query({ text, values: [...parameters], ...(name === null ? {} : { name }) });
    } catch (error) {
      if (breaksConnection(error)) broken = true;
      throw isLostRace(error) ? error : translated(error);
    }
  };
  // Kysely's other overload takes a cursor, which nothing here asks for.
  return { query: query as unknown as PostgresPoolClient['query'], release: () => client.release(broken) };
}
