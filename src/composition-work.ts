/** Accepted work: the queue that hands it out, and how this process is known to others that do the same. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { createBossQueue } from './adapters/queue/pg-boss.ts';
import type { SqlStore } from './adapters/store/sql-store.ts';
import type { EnqueueWithin, WorkQueue } from './application/ports-work.ts';
import { showLife } from './application/signs-of-life.ts';
import type { Config } from './config.ts';
import type { WorkerNeeds } from './worker/tagging-worker.ts';

export interface OpenedWork {
  readonly queue: WorkQueue;
  readonly enqueue: EnqueueWithin;
  readonly live: WorkerNeeds['live'];
}

export async function openWork(config: Config, log: Logger, store: SqlStore): Promise<OpenedWork> {
  const { execute, transact, workers } = store;
  const attemptMs = config.REQUEST_TIMEOUT_MS;
  // The embedded database admits one process.
  if (config.DATABASE_URL === undefined)
    return { ...(await createBossQueue({ execute, alone: true, attemptMs, log })), live: undefined };
  const id = randomUUID();
  const worker = { id, transact };
  const opened = await createBossQueue({ execute, alone: false, worker, attemptMs, log });
  return { ...opened, live: () => showLife({ workers, id, log }) };
}
