/**
 * A product forgotten, in one transaction. Pictures are locked before their users are counted, in the same order in
 * which writers lock them, so a picture that another product takes up meanwhile is either counted or written anew.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { TagSet } from '../../domain/tagging/types.ts';
import { lockProduct } from './lock-product.ts';
import { checkedProductId, idHash, pictures } from './rows.ts';
import { nextSequence } from './sequence.ts';
import type { Tables } from './tables.ts';
import { transacting } from './transactions.ts';

/** Revisions read at once while looking for the pictures of a product's past. */
const batch = 100;

/** The sha256s of the pictures that nobody uses any more. */
export async function deleteProduct(db: Kysely<Tables>, productId: string): Promise<readonly string[]> {
  checkedProductId(productId);
  return transacting(db, (trx) => deleteOnce(trx, productId));
}

async function deleteOnce(trx: Transaction<Tables>, productId: string): Promise<readonly string[]> {
  const { current, last } = await lockProduct(trx, productId);
  // Calls and accepted work that never came to a product count too: nothing of them may come back.
  await trx.deleteFrom('answered_calls').where('product_id', '=', productId).execute();
  await trx.deleteFrom('operations').where('product_id', '=', productId).execute();
  const seen = current ? await picturesEver(trx, productId) : [];
  const buried = { revision: last, sequence: await nextSequence(trx), deleted_at: sql<Date>`now()` };
  await trx
    .insertInto('tombstones')
    .values({ id_hash: idHash(productId), ...buried })
    .onConflict((conflict) => conflict.column('id_hash').doUpdateSet(buried))
    .execute();
  // History and uses go with it, see the first migration.
  await trx.deleteFrom('products').where('product_id', '=', productId).execute();
  return deleteUnused(trx, seen);
}

async function picturesEver(trx: Transaction<Tables>, productId: string): Promise<readonly string[]> {
  const seen = new Set<string>();
  for (let before = 2 ** 31 - 1; ; ) {
    const rows = await trx
      .selectFrom('tag_history')
      .select(['revision', 'tag_set'])
      .where('product_id', '=', productId)
      .where('revision', '<', before)
      .orderBy('revision', 'desc')
      .limit(batch)
      .execute();
    for (const { tag_set } of rows) {
      for (const { sha256 } of pictures(tag_set as TagSet)) seen.add(sha256);
    }
    const end = rows.at(-1);
    if (!end || rows.length < batch) return [...seen].sort();
    before = end.revision;
  }
}

async function deleteUnused(trx: Transaction<Tables>, seen: readonly string[]): Promise<readonly string[]> {
  if (seen.length === 0) return [];
  const these = sql<string>`any(${[...seen]}::text[])`;
  await trx
    .selectFrom('images')
    .select('sha256')
    .where('sha256', '=', these)
    .orderBy('sha256')
    .forUpdate()
    .execute();
  const used = await trx
    .selectFrom('product_images')
    .select('sha256')
    .distinct()
    .where('sha256', '=', these)
    .execute();
  const users = new Set(used.map(({ sha256 }) => sha256));
  const unused = seen.filter((sha256) => !users.has(sha256));
  if (unused.length === 0) return [];
  const those = sql<string>`any(${unused}::text[])`;
  await trx.deleteFrom('image_vectors').where('sha256', '=', those).execute();
  await trx.deleteFrom('images').where('sha256', '=', those).execute();
  return unused;
}
