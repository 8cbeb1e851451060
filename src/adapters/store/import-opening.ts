/** A new import, or with an `Idempotency-Key` the one that its call made before. */
import { sql, type Transaction } from 'kysely';
import type { ImportSource, Opening } from '../../application/ports-imports.ts';
import type { EnqueueWithin } from '../../application/ports-work.ts';
import { keyConflict } from '../../domain/idempotency.ts';
import { answerLife } from './answered-calls.ts';
import { enqueueLanes } from './import-chunks.ts';
import { shownSource } from './import-rows.ts';
import type { Tables } from './tables.ts';

export async function openImport(
  trx: Transaction<Tables>,
  enqueue: EnqueueWithin,
  opening: Opening,
): Promise<{ readonly id: string; readonly fresh: boolean }> {
  const { id, source, dryRun, call } = opening;
  if (call) await forgetOldKey(trx, call);
  const named = source.kind !== 'body';
  const made = await trx
    .insertInto('imports')
    .values({
      id,
      dry_run: dryRun,
      source: JSON.stringify(source),
      call_scope: call?.scope ?? null,
      call_key: call?.key ?? null,
      lanes: named ? 1 : 0,
    })
    // Another transaction with the same key is waited for here.
    .onConflict((conflict) => conflict.columns(['call_scope', 'call_key']).doNothing())
    .returning('id')
    .executeTakeFirst();
  if (made) {
    if (named) await enqueueLanes(trx, enqueue, id, 1);
    return { id, fresh: true };
  }
  const before = await trx
    .selectFrom('imports')
    .select(['id', 'source', 'dry_run'])
    .where('call_scope', '=', call?.scope ?? '')
    .where('call_key', '=', call?.key ?? '')
    .executeTakeFirstOrThrow();
  const told = (one: ImportSource) => JSON.stringify(shownSource(one));
  if (told(before.source as ImportSource) !== told(source) || before.dry_run !== dryRun) throw keyConflict();
  return { id: before.id, fresh: false };
}

/** A key that has outlived its time, or whose import never ran, is free again. */
async function forgetOldKey(
  trx: Transaction<Tables>,
  { scope, key }: NonNullable<Opening['call']>,
): Promise<void> {
  await trx
    .updateTable('imports')
    .set({ call_scope: null, call_key: null })
    .where('call_scope', '=', scope)
    .where('call_key', '=', key)
    .where((by) =>
      by.or([by('state', '=', 'failed'), by('created_at', '<=', sql<Date>`now() - ${answerLife}`)]),
    )
    .execute();
}
