/**
 * The work queue's schema on the target. Queued jobs are work that was accepted, so they go along with the store.
 *
 * Each queue has a partition of its own, which the queue's own function makes; after that its tables are like any
 * others. A job that was running when the service ended stays marked as running and is taken up again as after a crash:
 * at the next start, by another worker, or at the latest once its time runs out.
 */
import { sql } from 'kysely';
import { queueSchema } from './copied-tables.ts';
import type { Session } from './end.ts';
import { readShapes, type TableShape } from './shape.ts';

/** `construct`: SQL that makes the queue's schema as this version of hangtag knows it. */
export async function prepareQueue(
  source: Session,
  target: Session,
  construct: (schema: string) => string,
): Promise<readonly TableShape[]> {
  const shapes = await readShapes(source, queueSchema);
  if (shapes.length === 0) return [];
  // Several statements with a transaction of their own around them.
  if ((await readShapes(target, queueSchema)).length === 0)
    await sql.raw(construct(queueSchema)).execute(target);
  const versions = await Promise.all([source, target].map(readVersion));
  if (versions[0] !== versions[1])
    throw new Error(
      'The work queue was made by another version of hangtag. Start this version once on the old store, stop it, ' +
        'and copy again.',
    );
  await makePartitions(source, target);
  // Every job's partition refers to its queue. `version` says when this end was last looked after.
  const queues = shapes.filter(({ name }) => name === 'queue');
  return [...queues, ...shapes.filter(({ name }) => name !== 'queue' && name !== 'version')];
}

async function readVersion(session: Session): Promise<number | undefined> {
  const { rows } = await sql<{ version: number }>`
    select version from ${sql.id(queueSchema, 'version')}`.execute(session);
  return rows[0]?.version;
}

/** Making a partition also enters the queue; that row goes, to come with the others as it was. */
async function makePartitions(source: Session, target: Session): Promise<void> {
  const queue = sql.id(queueSchema, 'queue');
  const { rows } = await sql<{ name: string }>`select name from ${queue}`.execute(source);
  for (const { name } of rows) {
    await target.transaction().execute(async (trx) => {
      const { rows: there } = await sql`
        select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${queueSchema} and c.relname = 'j' || encode(sha224(${name}::bytea), 'hex')`.execute(
        trx,
      );
      if (there.length > 0) return;
      await sql`select ${sql.id(queueSchema, 'create_queue')}(${name}, '{}'::json)`.execute(trx);
      await sql`delete from ${queue} where name = ${name}`.execute(trx);
    });
  }
}
