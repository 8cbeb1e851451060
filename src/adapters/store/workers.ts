/**
 * Workers and what they had begun. A job that was taken remembers its worker (`output.worker`, where pg-boss keeps a
 * job's result once it is over); a worker's row says when it last gave a sign of life, by the clock of the database.
 */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Workers } from '../../application/ports-work.ts';
import type { Tables } from './tables.ts';
import { transacting } from './transactions.ts';
import { queueSchema } from './transfer/copied-tables.ts';

export function createSqlWorkers(db: Kysely<Tables>): Workers {
  return {
    async beat(id) {
      const now = sql<Date>`now()`;
      await db
        .insertInto('workers')
        .values({ id, beat_at: now })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ beat_at: now }))
        .execute();
    },

    async takeBack(id, silentSeconds) {
      const alive = sql`beat_at > now() - make_interval(secs => ${silentSeconds})`;
      // Of all that live, the first by id does it.
      const { rows } = await sql<{ first: boolean }>`
        select id = ${id}::uuid as first from workers where ${alive} order by id limit 1`.execute(db);
      if (!rows[0]?.first) return 0;
      return transacting(db, async (trx) => {
        const jobs = await putBack(
          trx,
          sql`output->>'worker' not in (select id::text from workers where ${alive})`,
        );
        await sql`delete from workers where not (${alive})`.execute(trx);
        return jobs;
      });
    },

    leave: (id) =>
      transacting(db, async (trx) => {
        await putBack(trx, sql`output->>'worker' = ${id}::text`);
        await trx.deleteFrom('workers').where('id', '=', id).execute();
      }),
  };
}

/** Jobs in work are due again, and their operations wait again. An import has no operation. */
async function putBack(db: Kysely<Tables>, whose: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ operation: string | null }>`
    update ${sql.id(queueSchema, 'job')} set state = 'retry', started_on = null, output = null
    where state = 'active' and name like 'operations%' and output->>'worker' is not null and ${whose}
    returning case when name <> 'operations-imports' then data->>'id' end as operation`.execute(db);
  const operations = rows.flatMap(({ operation }) => (operation === null ? [] : [operation]));
  if (operations.length > 0) {
    await db
      .updateTable('operations')
      .set({ state: 'queued', updated_at: sql<Date>`now()` })
      .where('id', '=', sql<string>`any(${operations}::uuid[])`)
      .where('state', '=', 'running')
      .execute();
  }
  return rows.length;
}
