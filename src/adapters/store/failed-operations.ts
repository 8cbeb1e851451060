/** Operations that ended as failed: listed, counted, and queued again. */
import { type Kysely, sql } from 'kysely';
import type { Failure, Failures } from '../../application/ports-failures.ts';
import type { EnqueueWithin, Fault, WorkSource } from '../../application/ports-work.ts';
import { notFailed, operationNotFound } from '../../domain/operations.ts';
import { executing, findOperation } from './operations.ts';
import type { Tables } from './tables.ts';
import { transacting } from './transactions.ts';

const micros = sql<string>`(extract(epoch from updated_at) * 1000000)::bigint`;

export function createSqlFailures(db: Kysely<Tables>, enqueue: EnqueueWithin): Failures {
  return {
    async list(limit, after) {
      const rows = await db
        .selectFrom('operations')
        .select([
          'id',
          'source',
          'product_id',
          'error',
          'attempts',
          'created_at',
          'updated_at',
          micros.as('key'),
        ])
        .where('state', '=', 'failed')
        .$if(after !== null, (query) =>
          query.where(
            sql<boolean>`(updated_at, id) < (timestamptz 'epoch' + ${after?.key}::bigint * interval '1 microsecond', ${after?.id}::uuid)`,
          ),
        )
        .orderBy('updated_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      const last = rows.length > limit ? rows[limit - 1] : undefined;
      return {
        items: rows.slice(0, limit).map(
          (row): Failure => ({
            id: row.id,
            source: row.source as WorkSource,
            productId: row.product_id,
            error: row.error as Fault,
            attempts: row.attempts,
            createdAt: row.created_at.toISOString(),
            failedAt: row.updated_at.toISOString(),
          }),
        ),
        next: last ? { key: Number(last.key), id: last.id } : null,
      };
    },

    retry: (id) =>
      transacting(db, async (trx) => {
        const again = await trx
          .updateTable('operations')
          .set({ state: 'queued', error: null, attempts: 0, updated_at: sql<Date>`now()` })
          .where('id', '=', id)
          .where('state', '=', 'failed')
          .where('request', 'is not', null)
          .returning('source')
          .executeTakeFirst();
        const operation = await findOperation(trx, id);
        if (!operation) throw operationNotFound();
        if (!again) throw notFailed(operation.state);
        await enqueue(executing(trx), [{ source: again.source as WorkSource, id }]);
        return operation;
      }),

    async count() {
      const rows = await db
        .selectFrom('operations')
        .select(['source', sql<number>`count(*)::int`.as('failed')])
        .where('state', '=', 'failed')
        .groupBy('source')
        .execute();
      return new Map(rows.map(({ source, failed }) => [source as WorkSource, failed]));
    },
  };
}
