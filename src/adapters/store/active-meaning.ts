/** The one row that says what is active and what is to be: every change is one statement on it, so that it is the lock. */
import { randomUUID } from 'node:crypto';
import { type Kysely, type SqlBool, sql } from 'kysely';
import type { ActiveMeaning, Meanings, PreparationProgress } from '../../application/ports-meaning.ts';
import type { Tables } from './tables.ts';
import { transacting } from './transactions.ts';

type Active = Pick<Meanings, 'active' | 'want' | 'claim' | 'switchOver' | 'giveUp' | 'release'>;

const now = sql<Date>`clock_timestamp()`;
const noWish = { ticket: null, wanted: null, worker: null, lease_until: null, progress: null };
const justBegun: PreparationProgress = { captions: null, waitingFor: null };

export function createActiveMeaning(db: Kysely<Tables>): Active {
  /** The wish, while this worker holds it. */
  const held = (ticket: string, worker: string, trx: Kysely<Tables> = db) =>
    trx.updateTable('active_meaning').where('ticket', '=', ticket).where('worker', '=', worker);

  return {
    async active() {
      const row = await db
        .selectFrom('active_meaning')
        .selectAll()
        .select(sql<boolean>`lease_until is null or lease_until < clock_timestamp()`.as('idle'))
        .executeTakeFirstOrThrow();
      const { ticket, wanted, idle } = row;
      const progress = (row.progress as PreparationProgress | null) ?? justBegun;
      return {
        generation: Number(row.generation),
        taxonomy: row.taxonomy,
        switchedAt: row.switched_at?.toISOString() ?? null,
        preparing: ticket === null ? null : { ticket, taxonomy: wanted, progress, idle },
        failure: row.failure as ActiveMeaning['failure'],
      };
    },

    async want(taxonomy) {
      const ticket = randomUUID();
      const { numUpdatedRows } = await db
        .updateTable('active_meaning')
        .set({ ...noWish, failure: null, ticket, wanted: taxonomy })
        .where(sql<SqlBool>`taxonomy is distinct from ${taxonomy}`)
        .executeTakeFirst();
      if (numUpdatedRows === 1n) return ticket;
      await db
        .updateTable('active_meaning')
        .set({ ...noWish, failure: null })
        .where(sql<SqlBool>`taxonomy is not distinct from ${taxonomy}`)
        .execute();
      return null;
    },

    async claim(ticket, worker, leaseMs, progress) {
      const { numUpdatedRows } = await db
        .updateTable('active_meaning')
        .set({
          worker,
          lease_until: sql<Date>`clock_timestamp() + ${leaseMs} * interval '1 millisecond'`,
          progress: JSON.stringify(progress),
        })
        .where('ticket', '=', ticket)
        .where((or) =>
          or.or([or('worker', 'is', null), or('worker', '=', worker), or('lease_until', '<', now)]),
        )
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    },

    switchOver: (ticket, worker) =>
      transacting(db, async (trx) => {
        const switched = await held(ticket, worker, trx)
          .set({
            ...noWish,
            failure: null,
            taxonomy: sql<string | null>`wanted`,
            generation: sql<number>`generation + 1`,
            switched_at: now,
          })
          .returning('taxonomy')
          .executeTakeFirst();
        if (!switched) return false;
        if (switched.taxonomy !== null)
          await trx
            .updateTable('taxonomies')
            .set({ activated_at: now })
            .where('version', '=', switched.taxonomy)
            .execute();
        return true;
      }),

    async giveUp(ticket, worker, detail) {
      await held(ticket, worker)
        .set({
          ...noWish,
          failure: sql<string>`json_build_object('taxonomy', wanted, 'detail', ${detail}::text)`,
        })
        .execute();
    },

    async release(ticket, worker) {
      await held(ticket, worker).set({ worker: null, lease_until: null }).execute();
    },
  };
}
