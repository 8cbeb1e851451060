/**
 * A product forgotten, in one transaction. Pictures are locked before their mentions are counted, in the same order in
 * which writers lock them, so a picture that another product takes up meanwhile is either counted or written anew.
 */
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { productDeleted } from '../../domain/events/outgoing.ts';
import { announce, forgetEvents } from './announce.ts';
import { forgetImportLines } from './import-lines.ts';
import { lockProduct } from './lock-product.ts';
import { markRemovals } from './removals.ts';
import { checkedProductId, idHash } from './rows.ts';
import { nextSequence } from './sequence.ts';
import type { Tables } from './tables.ts';
import { transacting } from './transactions.ts';

/** The sha256s of the pictures that nobody mentions any more; their originals are marked for removal. */
export async function deleteProduct(db: Kysely<Tables>, productId: string): Promise<readonly string[]> {
  checkedProductId(productId);
  return transacting(db, (trx) => deleteOnce(trx, productId));
}

/** The same, of a product that was withdrawn before `overdue` and is so still. */
export async function forgetOverdue(
  db: Kysely<Tables>,
  productId: string,
  overdue: RawBuilder<Date>,
): Promise<readonly string[]> {
  return transacting(db, async (trx) => {
    const { withdrawn } = await lockProduct(trx, productId);
    if (!withdrawn) return [];
    const row = await trx
      .selectFrom('products')
      .select('product_id')
      .where('product_id', '=', productId)
      .where('withdrawn_at', '<=', overdue)
      .executeTakeFirst();
    return row ? deleteOnce(trx, productId) : [];
  });
}

async function deleteOnce(trx: Transaction<Tables>, productId: string): Promise<readonly string[]> {
  const { current, last } = await lockProduct(trx, productId);
  await forgetSaid(trx, productId);
  // Calls and accepted work that never came to a product count too: nothing of them may come back.
  await trx.deleteFrom('answered_calls').where('product_id', '=', productId).execute();
  await trx.deleteFrom('operations').where('product_id', '=', productId).execute();
  await forgetImportLines(trx, productId);
  const seen = await picturesEver(trx, productId);
  const buried = { revision: last, sequence: await nextSequence(trx), deleted_at: sql<Date>`now()` };
  await trx
    .insertInto('tombstones')
    .values({ id_hash: idHash(productId), ...buried })
    .onConflict((conflict) => conflict.column('id_hash').doUpdateSet(buried))
    .execute();
  // History, uses and mentions go with it, see the migrations.
  await trx.deleteFrom('products').where('product_id', '=', productId).execute();
  await forgetEvents(trx, productId);
  // Of one that was withdrawn it was told then.
  if (current) await announce(trx, productDeleted(productId));
  return deleteUnused(trx, seen);
}

/** What its shop said. Of its events stays what tells a repetition. */
async function forgetSaid(trx: Transaction<Tables>, productId: string): Promise<void> {
  await trx.deleteFrom('catalog_products').where('product_id', '=', productId).execute();
  await trx
    .updateTable('received_events')
    .set({ product_id: '' })
    .where('product_id', '=', productId)
    .execute();
}

/** Of its present and of its past, in the order in which they are locked. */
async function picturesEver(trx: Transaction<Tables>, productId: string): Promise<readonly string[]> {
  const rows = await trx
    .selectFrom('picture_mentions')
    .select('sha256')
    .where('product_id', '=', productId)
    .orderBy('sha256')
    .execute();
  return rows.map(({ sha256 }) => sha256);
}

async function deleteUnused(trx: Transaction<Tables>, seen: readonly string[]): Promise<readonly string[]> {
  if (seen.length === 0) return [];
  const these = sql<string>`any(${[...seen]}::text[])`;
  const held = await trx
    .selectFrom('images')
    .select('sha256')
    .where('sha256', '=', these)
    .orderBy('sha256')
    .forUpdate()
    .execute();
  const mentioned = await trx
    .selectFrom('picture_mentions')
    .select('sha256')
    .distinct()
    .where('sha256', '=', these)
    .execute();
  const users = new Set(mentioned.map(({ sha256 }) => sha256));
  const unused = seen.filter((sha256) => !users.has(sha256));
  if (unused.length === 0) return [];
  // A picture without a row was not locked: somebody may just have written one.
  const known = held.map(({ sha256 }) => sha256).filter((sha256) => !users.has(sha256));
  const those = sql<string>`any(${known}::text[])`;
  await trx.deleteFrom('image_vectors').where('sha256', '=', those).execute();
  // Whatever name led to it is forgotten too.
  await trx.deleteFrom('fetched_images').where('sha256', '=', those).execute();
  await trx.deleteFrom('images').where('sha256', '=', those).execute();
  await markRemovals(trx, unused);
  return unused;
}
