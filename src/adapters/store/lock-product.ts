/** A product held from reading what stands to the end of the transaction, whether it exists yet or not. */
import { sql, type Transaction } from 'kysely';
import { type CatalogState, deletedAt } from '../../domain/events/catalog-state.ts';
import { type InputOrder, noInputs } from '../../domain/tagging/input-order.ts';
import type { TagSet } from '../../domain/tagging/types.ts';
import { idHash } from './rows.ts';
import type { Tables } from './tables.ts';

export interface Standing {
  /** null where there is none, or where it is withdrawn. */
  readonly current: TagSet | null;
  /** What its shop took out of sight. */
  readonly withdrawn: TagSet | null;
  /** The last revision, of a product that was deleted too; 0 where there was none. */
  readonly last: number;
  readonly inputs: InputOrder;
}

export async function lockProduct(trx: Transaction<Tables>, productId: string): Promise<Standing> {
  const locked = () =>
    trx
      .selectFrom('products')
      .select(['tag_set', 'inputs', 'withdrawn_at'])
      .where('product_id', '=', productId)
      .forUpdate()
      .executeTakeFirst();
  let row = await locked();
  if (!row) {
    // There is no row to lock yet: first writes queue behind a lock named after the id, and look again.
    await sql`select pg_advisory_xact_lock(hashtextextended(${productId}, 0))`.execute(trx);
    row = await locked();
  }
  if (row) {
    const tagSet = row.tag_set as TagSet;
    const seen = row.withdrawn_at === null;
    return {
      current: seen ? tagSet : null,
      withdrawn: seen ? null : tagSet,
      last: tagSet.revision,
      inputs: row.inputs as InputOrder,
    };
  }
  const buried = await trx
    .selectFrom('tombstones')
    .select(['revision', 'sequence'])
    .where('id_hash', '=', idHash(productId))
    .executeTakeFirst();
  const said = await trx
    .selectFrom('catalog_products')
    .select('state')
    .where('product_id', '=', productId)
    .executeTakeFirst();
  // What was accepted before a deletion does not bring the product back, whoever deleted it.
  const full = Math.max(Number(buried?.sequence ?? 0), said ? deletedAt(said.state as CatalogState) : 0);
  const inputs = { ...noInputs, full };
  return { current: null, withdrawn: null, last: buried?.revision ?? 0, inputs };
}
