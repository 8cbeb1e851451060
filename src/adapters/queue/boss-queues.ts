/** pg-boss with one queue for each source, as they are to be: made where missing, brought up to date where not. */
import PgBoss from 'pg-boss';
import { type ExecuteSql, type WorkSource, workSources } from '../../application/ports-work.ts';
import type { QueueLog } from './lanes.ts';

export const schema = 'pgboss';

/** Jobs of before stand in the first: there was one queue, for requests. */
export const queueOf = (source: WorkSource) =>
  source === 'requests' ? 'operations' : `operations-${source}`;
export const queueNames: readonly string[] = workSources.map(queueOf);

/** Seconds. The first retry waits two, every next about twice as long. Maintenance clears away, and finds what outlived its time. */
const timing = { retryDelay: 2, maintenanceIntervalSeconds: 15 };

export function asDb(execute: ExecuteSql): PgBoss.Db {
  return { executeSql: async (text, values) => ({ rows: [...(await execute(text, values ?? [])).rows] }) };
}

/** `expireInSeconds`: after these a job in work counts as lost, whatever became of its worker. */
export async function startBoss(
  execute: ExecuteSql,
  { expireInSeconds, log }: { readonly expireInSeconds: number; readonly log: QueueLog },
): Promise<PgBoss> {
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
  const there = new Set((await boss.getQueues()).map(({ name }) => name));
  for (const name of queueNames) {
    const settings = {
      name,
      policy: 'standard' as const,
      // Work counts its own attempts (`application/run-operation.ts`): a job that is given up on would leave it undone.
      retryLimit: 10_000,
      retryDelay: timing.retryDelay,
      retryBackoff: true,
      expireInSeconds,
      // Waiting work is kept, however long it waits.
      retentionDays: 3650,
    };
    if (there.has(name)) await boss.updateQueue(name, settings);
    else await boss.createQueue(name, settings);
  }
  return boss;
}
