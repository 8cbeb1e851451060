/** The queue on a store, as the contract of turns wants it. Each has the queue to itself: what others left is gone. */
import { createBossQueue } from '../../src/adapters/queue/pg-boss.ts';
import type { SqlStore } from '../../src/adapters/store/sql-store.ts';
import { quiet } from '../adapters/store/quiet-log.ts';
import type { Counter } from './turns.contract.ts';

export async function counterOn(store: SqlStore, alone: boolean, workerId?: string): Promise<Counter> {
  const { execute, transact } = store;
  const { queue, enqueue } = await createBossQueue({
    execute,
    alone,
    ...(workerId ? { worker: { id: workerId, transact } } : {}),
    attemptMs: 60_000,
    log: quiet,
  });
  await execute('delete from pgboss.job');
  return {
    queue,
    enqueue: (jobs, afterSeconds) => transact((within) => enqueue(within, jobs, afterSeconds)),
    undone: (jobs) =>
      transact(async (within) => {
        await enqueue(within, jobs);
        throw new Error('undone');
      }).catch((error: Error) => {
        if (error.message !== 'undone') throw error;
      }),
    close: () => store.close(),
  };
}
