/** A store with its queue, as events find it. */
import { createBossQueue } from '../../src/adapters/queue/pg-boss.ts';
import type { SqlStore } from '../../src/adapters/store/sql-store.ts';
import type { Job } from '../../src/application/ports-work.ts';
import { quiet } from '../adapters/store/quiet-log.ts';
import type { Gate } from './received-events.contract.ts';

export async function gateOf(store: SqlStore, alone: boolean): Promise<Gate> {
  const { execute } = store;
  const { queue, enqueue } = await createBossQueue({
    execute,
    alone,
    attemptMs: 60_000,
    log: quiet,
  });
  return {
    store,
    received: store.receivedEvents(enqueue),
    async jobs() {
      const { rows } = await execute('select data from pgboss.job');
      return rows.map(({ data }) => data as Job);
    },
    async close() {
      await queue.stop(0);
      await store.close();
    },
  };
}
