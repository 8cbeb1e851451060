/** Imports in the store's own database. Every change holds the import's row, and brings its jobs into the queue in the same transaction. */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Import, ImportSource, ImportState, Imports } from '../../application/ports-imports.ts';
import type { EnqueueWithin, Fault } from '../../application/ports-work.ts';
import { HangtagError } from '../../domain/errors.ts';
import { claimLines, enqueueLanes, putOff, settleLines, stillWaiting } from './import-chunks.ts';
import { appendLines, failedBodies, failedLines, silence } from './import-lines.ts';
import { openImport } from './import-opening.ts';
import {
  type ImportRow,
  lockImport,
  readImport,
  selectImports,
  shownSource,
  toImport,
} from './import-rows.ts';
import { wakeImports } from './import-waking.ts';
import type { Tables } from './tables.ts';
import { transacting } from './transactions.ts';

const now = sql<Date>`now()`;
const soon = sql<Date>`now() + interval '2 minutes'`;

/** `lanes`: jobs of one import that are worked side by side. */
export function createSqlImports(db: Kysely<Tables>, enqueue: EnqueueWithin, lanes: number): Imports {
  const find = (id: string) => readImport(db, id);
  const change = (trx: Transaction<Tables>, id: string, values: Record<string, unknown>) =>
    trx
      .updateTable('imports')
      .set({ ...values, updated_at: now })
      .where('id', '=', id)
      .execute();

  /** To another state; a state that it has already is no fault. */
  async function become(
    id: string,
    verb: string,
    from: readonly ImportState[],
    already: readonly ImportState[],
    enter: (trx: Transaction<Tables>, row: ImportRow) => Promise<unknown>,
  ): Promise<Import> {
    await transacting(db, async (trx) => {
      const row = await lockImport(trx, id);
      const state = row.state as ImportState;
      if (already.includes(state)) return;
      if (!from.includes(state))
        throw new HangtagError('job.conflict', `The import is ${state}: it cannot be ${verb}.`);
      await enter(trx, row);
    });
    return find(id);
  }

  return {
    async open(opening) {
      const { id, fresh } = await transacting(db, (trx) => openImport(trx, enqueue, opening));
      return { found: await find(id), fresh };
    },
    append: (id, batch) => transacting(db, (trx) => appendLines(trx, id, batch)),
    accept: (id) =>
      become(id, 'accepted', ['receiving'], [], async (trx, { dry_run, source }) => {
        const count = dry_run ? 1 : lanes;
        const shown = JSON.stringify(shownSource(source as ImportSource));
        await change(trx, id, { state: 'planning', lanes: count, source: shown, busy_until: soon });
        await enqueueLanes(trx, enqueue, id, count);
      }),
    async fail(id, error) {
      await transacting(db, async (trx) => {
        const { state, source } = await lockImport(trx, id);
        if (state !== 'receiving') return;
        const shown = JSON.stringify(shownSource(source as ImportSource));
        await change(trx, id, {
          state: 'failed',
          error: JSON.stringify(error satisfies Fault),
          source: shown,
          ended_at: now,
        });
      });
    },
    async restart(id, error, afterSeconds) {
      await transacting(db, async (trx) => {
        const { state } = await lockImport(trx, id);
        if (state !== 'receiving') return;
        await trx.deleteFrom('import_items').where('import_id', '=', id).execute();
        const none = { total: 0, invalid: 0, failed: 0, repeated: 0, unchanged: 0, images: 0, inferences: 0 };
        const until = sql<Date>`now() + ${silence} + ${afterSeconds} * interval '1 second'`;
        await change(trx, id, { ...none, error: JSON.stringify(error), lanes: 1, busy_until: until });
        await enqueueLanes(trx, enqueue, id, 1, afterSeconds);
      });
    },
    find,
    async list(limit, after) {
      const rows = await selectImports(db)
        .$if(after !== null, (query) =>
          query.where(
            sql<boolean>`(created_at, id) <
              (timestamptz 'epoch' + ${after?.created}::bigint * interval '1 microsecond', ${after?.id}::uuid)`,
          ),
        )
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      const end = rows.length > limit ? rows[limit - 1] : undefined;
      return {
        items: rows.slice(0, limit).map(toImport),
        next: end ? { created: Number(end.created_micros), id: end.id } : null,
      };
    },
    failures: (id, limit, after) => failedLines(db, id, limit, after),
    failedBodies: (id, limit, after) => failedBodies(db, id, limit, after),

    pause: (id) =>
      become(id, 'paused', ['planning', 'running'], ['paused'], (trx) =>
        change(trx, id, { state: 'paused' }),
      ),
    resume: (id) =>
      become(id, 'resumed', ['paused'], ['planning', 'running'], async (trx, row) => {
        // Those that did not look while it was paused are still there.
        const missing = Math.max(lanes - row.lanes, 1);
        const state = row.started_at === null ? 'planning' : 'running';
        const afresh = { window_at: now, window_done: 0, busy_until: soon };
        await change(trx, id, { state, lanes: row.lanes + missing, ...afresh });
        await enqueueLanes(trx, enqueue, id, missing);
      }),
    cancel: (id) =>
      become(
        id,
        'cancelled',
        ['receiving', 'planning', 'running', 'paused'],
        ['cancelled'],
        (trx, { source }) =>
          change(trx, id, {
            state: 'cancelled',
            source: JSON.stringify(shownSource(source as ImportSource)),
            ended_at: now,
          }),
      ),

    claim: (id, limit, leaseSeconds) =>
      transacting(db, (trx) => claimLines(trx, enqueue, id, limit, leaseSeconds)),
    async plan(id, seconds) {
      await transacting(db, async (trx) => {
        const { state, dry_run } = await lockImport(trx, id);
        if (state !== 'planning') return;
        const ended = dry_run ? { state: 'finished', ended_at: now } : { state: 'running', window_at: now };
        await change(trx, id, { seconds, error: null, started_at: now, ...ended });
      });
    },
    async renew(id, claims, leaseSeconds) {
      const until = (seconds: number) => sql<Date>`now() + ${seconds} * interval '1 second'`;
      return transacting(db, async (trx) => {
        const { state } = await lockImport(trx, id);
        await sql`
          update import_items i set due_at = ${until(leaseSeconds)}
          from unnest(${claims.map(({ line }) => line)}::int[], ${claims.map(({ attempts }) => attempts)}::int[])
            as mine (line, attempts)
          where i.import_id = ${id} and i.line = mine.line and i.attempts = mine.attempts and ${stillWaiting}`.execute(
          trx,
        );
        await trx
          .updateTable('imports')
          .set({ busy_until: until(leaseSeconds + 60) })
          .where('id', '=', id)
          .execute();
        return state === 'running';
      });
    },
    settle: (id, lines, afterSeconds) =>
      transacting(db, (trx) => settleLines(trx, enqueue, id, lines, { afterSeconds, lanes })),
    putOff: (id, afterSeconds) =>
      transacting(db, async (trx) => {
        await lockImport(trx, id);
        await putOff(trx, enqueue, id, afterSeconds);
      }),
    wake: (alone) => transacting(db, (trx) => wakeImports(trx, enqueue, lanes, alone)),
    async waiting() {
      const row = await db
        .selectFrom('imports')
        .select(sql<number>`coalesce(sum(total - changed - unchanged - failed), 0)::int`.as('lines'))
        .where('ended_at', 'is', null)
        .executeTakeFirstOrThrow();
      return row.lines;
    },
  };
}
