/**
 * The work queue on pg-boss, in a schema of its own in the store's database: a job is sent through the transaction that
 * accepts its work, so neither exists without the other.
 *
 * pg-boss 10 has no heartbeat: a job whose process was killed comes back once it has expired and maintenance has run.
 * Where this process is the only one (the embedded store), whatever is active at the start has lost its worker, and is
 * put back at once.
 */
import PgBoss from 'pg-boss';
import type { EnqueueWithin, ExecuteSql, Job, WorkQueue } from '../../application/ports-work.ts';

export interface QueueLog {
  warn(facts: object, message: string): void;
}

export interface BossQueueOptions {
  readonly execute: ExecuteSql;
  /** No other process can be working on this database. */
  readonly alone: boolean;
  /** Attempts in all; see `application/run-operation.ts`. */
  readonly attempts: number;
  /** Milliseconds that one attempt may take. */
  readonly attemptMs: number;
  readonly log: QueueLog;
}

/** As jobs were before they had a source: a queue may still hold some. */
interface EarlierJob {
  readonly operationId: string;
}

const name = 'operations';
const schema = 'pgboss';

/** Seconds. The first retry waits two, every next about twice as long. `grace`: how late an attempt may end. */
const timing = { grace: 30, retryDelay: 2, pollingIntervalSeconds: 2, maintenanceIntervalSeconds: 5 };

export async function createBossQueue({
  execute,
  alone,
  attempts,
  attemptMs,
  log,
}: BossQueueOptions): Promise<{ readonly queue: WorkQueue; readonly enqueue: EnqueueWithin }> {
  const boss = new PgBoss({
    db: asDb(execute),
    schema,
    schedule: false,
    maintenanceIntervalSeconds: timing.maintenanceIntervalSeconds,
    archiveCompletedAfterSeconds: 60,
    deleteAfterHours: 1,
  });
  boss.on('error', (error) => log.warn({ err: error }, 'the work queue met an error'));
  await boss.start();
  await boss.createQueue(name);
  await boss.updateQueue(name, {
    name,
    policy: 'standard',
    // A crash costs an attempt here too; the operation itself counts those that were begun.
    retryLimit: attempts * 2,
    retryDelay: timing.retryDelay,
    retryBackoff: true,
    expireInSeconds: Math.ceil(attemptMs / 1000) + timing.grace,
    retentionDays: 14,
  });
  if (alone) {
    await execute(
      `update ${schema}.job set state = 'retry', started_on = null where state = 'active' and name = $1`,
      [name],
    );
  }
  const workers: string[] = [];
  const notify = () => {
    for (const id of workers) boss.notifyWorker(id);
  };

  const queue: WorkQueue = {
    async work(handle, concurrency) {
      for (let lane = 0; lane < concurrency; lane++) {
        const options = { pollingIntervalSeconds: timing.pollingIntervalSeconds };
        const worker = await boss.work<Job | EarlierJob>(name, options, async (jobs) => {
          for (const { data } of jobs)
            await handle('id' in data ? data : { source: 'requests', id: data.operationId });
          // There may be more: polling alone would take one job every two seconds.
          boss.notifyWorker(worker);
        });
        workers.push(worker);
      }
    },
    notify,
    async depth() {
      const { rows } = await execute(
        `select count(*)::int as waiting from ${schema}.job where name = $1 and state < 'active'`,
        [name],
      );
      return Number(rows[0]?.waiting);
    },
    async stop(timeoutMs) {
      workers.length = 0;
      await boss.stop({ graceful: true, wait: true, close: false, timeout: timeoutMs });
    },
  };
  const enqueue: EnqueueWithin = async (within, jobs, afterSeconds = 0) => {
    const later = afterSeconds > 0 ? { startAfter: afterSeconds } : {};
    for (const job of jobs) await boss.send(name, job, { db: asDb(within), ...later });
  };
  return { queue, enqueue };
}

function asDb(execute: ExecuteSql): PgBoss.Db {
  return { executeSql: async (text, values) => ({ rows: [...(await execute(text, values ?? [])).rows] }) };
}
