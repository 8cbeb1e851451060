/**
 * The work queue on pg-boss, in a schema of its own in the store's database: a job is sent through the transaction that
 * accepts its work, so neither exists without the other.
 *
 * pg-boss 10 has no heartbeat. Where this process is the only one (the embedded store), whatever is active at the start
 * has lost its worker, and is put back at once. Where there may be others, a job that is taken remembers by whom, in the
 * transaction that takes it: `store/workers.ts` puts back what the dead had taken.
 */
import {
  type EnqueueWithin,
  type ExecuteSql,
  type Job,
  type WorkQueue,
  type WorkSource,
  workSources,
} from '../../application/ports-work.ts';
import { asDb, queueNames, queueOf, schema, startBoss } from './boss-queues.ts';
import { type Claim, createLanes, type QueueLog } from './lanes.ts';

/** A process that takes jobs beside others. */
export interface ClaimingWorker {
  /** A UUID; it is known by its signs of life. */
  readonly id: string;
  readonly transact: <T>(work: (execute: ExecuteSql) => Promise<T>) => Promise<T>;
}

export interface BossQueueOptions {
  readonly execute: ExecuteSql;
  /** No other process can be working on this database. */
  readonly alone: boolean;
  /** Absent where this process is alone, or takes no jobs. */
  readonly worker?: ClaimingWorker;
  /** Milliseconds that one attempt may take. */
  readonly attemptMs: number;
  readonly log: QueueLog;
}

/** As jobs were before they had a source: a queue may still hold some. */
interface EarlierJob {
  readonly operationId: string;
}

/** Milliseconds. `grace`: how late an attempt may end. Alone, polling only finds what was put off. */
const timing = { grace: 30_000, poll: { alone: 2_000, together: 1_000 } };

/** One question for all queues: an index tells of each whether its earliest job is due. */
const readyQueues = `
  select queue.name from unnest($1::text[]) as queue (name)
  where exists (
    select 1 from ${schema}.job where job.name = queue.name and job.state < 'active' and job.start_after < now()
  )`;

export async function createBossQueue({
  execute,
  alone,
  worker,
  attemptMs,
  log,
}: BossQueueOptions): Promise<{ readonly queue: WorkQueue; readonly enqueue: EnqueueWithin }> {
  const mostMs = attemptMs + timing.grace;
  const boss = await startBoss(execute, { expireInSeconds: Math.ceil(mostMs / 1000), log });
  if (alone) {
    await execute(
      `update ${schema}.job set state = 'retry', started_on = null where state = 'active' and name = any($1::text[])`,
      [queueNames],
    );
  }

  /** The next job of a queue, and who has it now. */
  async function fetch(name: string, within: ExecuteSql) {
    let fault: { readonly error: unknown } | null = null;
    const listening: ExecuteSql = (...statement) =>
      within(...statement).catch((error: unknown) => {
        fault = { error };
        throw error;
      });
    const [found] = await boss.fetch<Job | EarlierJob>(name, { db: asDb(listening) });
    // pg-boss takes any fault for a job that somebody else was quicker to take.
    if (fault) throw (fault as { readonly error: unknown }).error;
    if (found && worker) {
      await within(
        `update ${schema}.job set output = jsonb_build_object('worker', $3::text) where name = $1 and id = $2`,
        [name, found.id, worker.id],
      );
    }
    return found;
  }

  async function take(source: WorkSource): Promise<Claim | null> {
    const name = queueOf(source);
    const found = await (worker ? worker.transact((within) => fetch(name, within)) : fetch(name, execute));
    if (!found) return null;
    const { id, data } = found;
    return {
      job: 'id' in data ? data : { source, id: data.operationId },
      done: async () => void (await boss.complete(name, id, worker ? { worker: worker.id } : {})),
      failed: async (error) => void (await boss.fail(name, id, error as object)),
    };
  }

  const lanes = createLanes({
    async ready() {
      const { rows } = await execute(readyQueues, [queueNames]);
      const names = new Set(rows.map(({ name }) => name));
      return workSources.filter((source) => names.has(queueOf(source)));
    },
    take,
    pollMs: alone ? timing.poll.alone : timing.poll.together,
    mostMs,
    log,
  });

  const queue: WorkQueue = {
    ...lanes,
    async depth() {
      const { rows } = await execute(
        `select count(*)::int as waiting from ${schema}.job where name = any($1::text[]) and state < 'active'`,
        [queueNames],
      );
      return Number(rows[0]?.waiting);
    },
    async stop(timeoutMs) {
      await lanes.stop(timeoutMs);
      await boss.stop({ graceful: false, close: false });
    },
  };
  const enqueue: EnqueueWithin = async (within, jobs, afterSeconds = 0) => {
    if (jobs.length === 0) return;
    const later = afterSeconds > 0 ? { startAfter: String(afterSeconds) } : {};
    const rows = jobs.map((job) => ({ name: queueOf(job.source), data: job, ...later }));
    await boss.insert(rows, { db: asDb(within) });
  };
  return { queue, enqueue };
}
