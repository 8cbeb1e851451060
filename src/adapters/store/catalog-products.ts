/** What shops said of each product, in a row of its own. Every change is made with the product locked, like a change of its tags. */
import { type Kysely, sql, type Transaction } from 'kysely';
import {
  type CatalogProducts,
  type CatalogStatement,
  type CatalogView,
  restorableDays,
} from '../../application/ports-catalog.ts';
import { CatalogMoved } from '../../domain/events/catalog-moved.ts';
import { type CatalogState, nothingStated, restored, withEvent } from '../../domain/events/catalog-state.ts';
import { productDeleted, productTagged } from '../../domain/events/outgoing.ts';
import { admit, afterInput } from '../../domain/tagging/input-order.ts';
import type { TagSet } from '../../domain/tagging/types.ts';
import { announce } from './announce.ts';
import { forgetOverdue } from './delete-product.ts';
import { lockProduct, type Standing } from './lock-product.ts';
import { checkedProductId, idHash } from './rows.ts';
import { nextSequence } from './sequence.ts';
import type { Tables } from './tables.ts';
import { transacting } from './transactions.ts';

export function createSqlCatalogProducts(db: Kysely<Tables>): CatalogProducts {
  return {
    async tagsAt(productId, at) {
      const row = await db
        .selectFrom('tag_history')
        .select('tag_set')
        .where('product_id', '=', checkedProductId(productId))
        .where('at', '<=', sql<Date>`${at}::timestamptz`)
        .orderBy('revision', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row ? (row.tag_set as TagSet) : null;
    },
    fold: (statement) => transacting(db, (trx) => foldOnce(trx, statement)),
    find: (productId) => transacting(db, (trx) => view(trx, checkedProductId(productId))),
    withdraw: (productId, version) => transacting(db, (trx) => withdrawOnce(trx, productId, version)),
    restore: (productId, at) => transacting(db, (trx) => restoreOnce(trx, checkedProductId(productId), at)),
    async forgetWithdrawn(limit) {
      const rows = await db
        .selectFrom('products')
        .select('product_id')
        .where('withdrawn_at', '<=', overdue)
        .orderBy('withdrawn_at')
        .limit(limit)
        .execute();
      const forgotten: (readonly string[])[] = [];
      for (const { product_id } of rows) forgotten.push(await forgetOverdue(db, product_id, overdue));
      return forgotten;
    },
  };
}

const overdue = sql<Date>`now() - ${sql.lit(restorableDays)} * interval '1 day'`;

async function view(trx: Transaction<Tables>, productId: string): Promise<CatalogView | null> {
  return viewOf(trx, productId, await lockProduct(trx, productId));
}

async function viewOf(
  trx: Transaction<Tables>,
  productId: string,
  { current, withdrawn, inputs }: Standing,
): Promise<CatalogView | null> {
  const row = await trx
    .selectFrom('catalog_products')
    .select(['state', 'version'])
    .where('product_id', '=', productId)
    .executeTakeFirst();
  if (!row) return null;
  return { state: row.state as CatalogState, version: row.version, tagSet: current, withdrawn, inputs };
}

async function foldOnce(trx: Transaction<Tables>, statement: CatalogStatement): Promise<CatalogView | null> {
  const { productId, source, event, moment } = statement;
  const standing = await lockProduct(trx, checkedProductId(productId));
  if (await isForgotten(trx, statement)) return null;
  const row = await trx
    .selectFrom('catalog_products')
    .select(['state', 'version'])
    .where('product_id', '=', productId)
    .executeTakeFirst();
  const before = (row?.state as CatalogState | undefined) ?? nothingStated;
  const state = withEvent(before, event, moment);
  const text = JSON.stringify(state);
  const sequence = sql<number>`greatest(catalog_products.sequence, ${moment.sequence})`;
  if (!row)
    await trx
      .insertInto('catalog_products')
      .values({ product_id: productId, source, state: text, sequence: moment.sequence })
      .execute();
  else if (text !== JSON.stringify(before))
    await trx
      .updateTable('catalog_products')
      .set({ state: text, source, version: row.version + 1, sequence, updated_at: sql<Date>`now()` })
      .where('product_id', '=', productId)
      .execute();
  return viewOf(trx, productId, standing);
}

/** Said or accepted before the product was deleted for good. */
async function isForgotten(
  trx: Transaction<Tables>,
  { productId, moment }: CatalogStatement,
): Promise<boolean> {
  const { rows } = await sql`
    select 1 from tombstones where id_hash = ${idHash(productId)}
      and (sequence > ${moment.sequence} or deleted_at > ${moment.at}::timestamptz)`.execute(trx);
  return rows.length > 0;
}

async function withdrawOnce(trx: Transaction<Tables>, productId: string, version: number): Promise<void> {
  const standing = await lockProduct(trx, checkedProductId(productId));
  const seen = await viewOf(trx, productId, standing);
  if (seen?.version !== version) throw new CatalogMoved();
  if (!standing.current) return;
  const { pictured = 0, titled = 0 } = seen.state;
  const input = { sequence: pictured, attributes: null, titled };
  // A request that came after the deletion brought the product back.
  if (!admit(standing.inputs, input)?.newest) throw new CatalogMoved();
  await trx
    .updateTable('products')
    .set({
      withdrawn_at: sql<Date>`clock_timestamp()`,
      updated_at: sql<Date>`clock_timestamp()`,
      inputs: JSON.stringify(afterInput(standing.inputs, input)),
    })
    .where('product_id', '=', productId)
    .execute();
  await announce(trx, productDeleted(productId));
}

async function restoreOnce(trx: Transaction<Tables>, productId: string, at: string): Promise<TagSet | null> {
  const { withdrawn } = await lockProduct(trx, productId);
  if (!withdrawn) return null;
  const back = await trx
    .updateTable('products')
    .set({ withdrawn_at: null, updated_at: sql<Date>`clock_timestamp()` })
    .where('product_id', '=', productId)
    .where('withdrawn_at', '>', overdue)
    .returning('revision')
    .executeTakeFirst();
  if (!back) return null;
  const sequence = await nextSequence(trx);
  const row = await trx
    .selectFrom('catalog_products')
    .select(['state', 'version'])
    .where('product_id', '=', productId)
    .executeTakeFirstOrThrow();
  await trx
    .updateTable('catalog_products')
    .set({
      state: JSON.stringify(restored(row.state as CatalogState, { at, sequence })),
      version: row.version + 1,
      // From here on the same deletion, said again, is a new one.
      sequence,
      updated_at: sql<Date>`now()`,
    })
    .where('product_id', '=', productId)
    .execute();
  await announce(trx, productTagged({ before: null, after: withdrawn, cause: 'restore', causeId: null }));
  return withdrawn;
}
