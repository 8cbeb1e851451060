/** Imports whose workers are gone: looked for on a timer by every process, and at the start. */
import { sql, type Transaction } from 'kysely';
import type { ImportSource } from '../../application/ports-imports.ts';
import type { EnqueueWithin, Fault } from '../../application/ports-work.ts';
import { enqueueLanes } from './import-chunks.ts';
import type { ImportRow } from './import-rows.ts';
import type { Tables } from './tables.ts';

const brokenOff: Fault = {
  code: 'request.cancelled',
  detail: 'The body broke off: whoever received it is gone. Nothing of it was run.',
};

/** `alone`: no other process can be at work, so none of them has anybody. */
export async function wakeImports(
  trx: Transaction<Tables>,
  enqueue: EnqueueWithin,
  lanes: number,
  alone: boolean,
): Promise<void> {
  const rows = await trx
    .selectFrom('imports')
    .selectAll()
    .where('ended_at', 'is', null)
    .where('state', '!=', 'paused')
    .$if(!alone, (query) => query.where('busy_until', '<', sql<Date>`now()`))
    .orderBy('id')
    .forUpdate()
    .skipLocked()
    .execute();
  for (const row of rows) await wake(trx, enqueue, row, lanes);
}

async function wake(
  trx: Transaction<Tables>,
  enqueue: EnqueueWithin,
  { id, state, source, dry_run }: ImportRow,
  lanes: number,
): Promise<void> {
  const received = state === 'receiving';
  if (received && (source as ImportSource).kind === 'body') {
    await trx
      .updateTable('imports')
      .set({
        state: 'failed',
        error: JSON.stringify(brokenOff),
        ended_at: sql<Date>`now()`,
        updated_at: sql<Date>`now()`,
      })
      .where('id', '=', id)
      .execute();
    return;
  }
  if (received) {
    // What a process that is gone had read of it is read again.
    await trx.deleteFrom('import_items').where('import_id', '=', id).execute();
    const none = { total: 0, invalid: 0, failed: 0, repeated: 0, unchanged: 0, images: 0, inferences: 0 };
    await trx.updateTable('imports').set(none).where('id', '=', id).execute();
  } else {
    await trx
      .updateTable('import_items')
      .set({ due_at: sql<Date>`now()` })
      .where('import_id', '=', id)
      .where('state', '=', 'waiting')
      .where('due_at', '>', sql<Date>`now()`)
      .where('code', 'is', null)
      .execute();
  }
  const count = received || dry_run ? 1 : lanes;
  await trx
    .updateTable('imports')
    .set({ lanes: count, busy_until: sql<Date>`now() + interval '2 minutes'` })
    .where('id', '=', id)
    .execute();
  await enqueueLanes(trx, enqueue, id, count);
}
