/**
 * Commits of the embedded database that share one fsync. Each transaction commits in memory; whoever lent the session
 * waits, once it has been given back, until a flush has covered everything that was committed by then. So nobody is
 * told of what a power cut could still take away: not the writer, and not a reader who saw it either. A flush begins at
 * once where none is running, and those who come meanwhile share the next.
 *
 * It sits in the driver, between giving the session back and answering, so that no query can forget it.
 */

import type { PostgresPoolClient } from 'kysely';
import {
  type DatabaseConnection,
  type Driver,
  PostgresDialect,
  PostgresDriver,
  type PostgresPool,
} from 'kysely';

export interface CommitGroups {
  /** Counts what is written through its clients. */
  readonly pool: PostgresPool;
  /** From now on commits wait for a flush; before, they are expected to flush themselves. */
  begin(): void;
  /** Resolves once everything that was committed before the call is on the disk. */
  durable(): Promise<void>;
}

/** Statements that may change something. A lock taken by `for update` counts too, which costs at most one flush. */
const writes = /\b(?:insert|update|delete|merge|truncate|create|alter|drop)\b/i;

/** `flush`: makes everything durable that was committed before its statement runs. Rejects where it cannot. */
export function groupCommits(pool: PostgresPool, flush: () => Promise<void>): CommitGroups {
  let active = false;
  let written = 0;
  let flushed = 0;
  let running: Promise<void> | null = null;

  async function flushOnce(): Promise<void> {
    // Written later than this may be covered as well, and is then flushed once more for nothing.
    const covered = written;
    await flush();
    flushed = Math.max(flushed, covered);
  }
  async function durable(): Promise<void> {
    const mine = written;
    while (active && flushed < mine) {
      running ??= flushOnce().finally(() => {
        running = null;
      });
      await running;
    }
  }

  return {
    pool: {
      async connect() {
        const client = await pool.connect();
        const query = async (text: string, parameters: readonly unknown[]) => {
          const result = await client.query<unknown>(text, parameters);
          if (result.rowCount !== 0 && writes.test(text)) written++;
          return result;
        };
        return { query: query as unknown as PostgresPoolClient['query'], release: () => client.release() };
      },
      end: () => pool.end(),
    },
    begin() {
      active = true;
    },
    durable,
  };
}

class GroupingDriver extends PostgresDriver {
  readonly #groups: CommitGroups;
  constructor(groups: CommitGroups) {
    super({ pool: groups.pool });
    this.#groups = groups;
  }
  override async releaseConnection(connection: DatabaseConnection): Promise<void> {
    await super.releaseConnection(connection as never);
    await this.#groups.durable();
  }
}

export class GroupingDialect extends PostgresDialect {
  readonly #groups: CommitGroups;
  constructor(groups: CommitGroups) {
    super({ pool: groups.pool });
    this.#groups = groups;
  }
  override createDriver(): Driver {
    return new GroupingDriver(this.#groups);
  }
}
