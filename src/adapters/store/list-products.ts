/**
 * Pages of products by keyset: what nobody touches is never left out, and what is read once is not read again. (But for
 * a product whose write had begun and not ended when the first page was read: by uncertainty it may come twice.)
 */
import { type Kysely, type SqlBool, sql } from 'kysely';
import type { ProductPage, ProductQuery } from '../../application/ports.ts';
import type { TagSet } from '../../domain/tagging/types.ts';
import type { Tables } from './tables.ts';

/** Microseconds since 1970, as finely as PostgreSQL keeps time: below 2^53 until the year 2255. */
const microsOf = (time: ReturnType<typeof sql>) =>
  sql<string>`(extract(epoch from ${time}) * 1000000)::bigint::text`;
const timeOf = (micros: number) =>
  sql<Date>`(timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond')`;

/** One row more than the page has, which tells whether there is another. */
export function productRows(db: Kysely<Tables>, query: ProductQuery) {
  const { categories, tags, review, failed, sort, limit, after } = query;
  const column = sort === 'updated' ? ('updated_at' as const) : ('uncertainty' as const);
  let rows = db
    .selectFrom('products')
    .select(['product_id', 'tag_set', 'uncertainty'])
    .select([microsOf(sql`updated_at`).as('updated'), microsOf(sql`now()`).as('now')])
    .where('withdrawn_at', 'is', null);
  if (categories) rows = rows.where('category_id', '=', sql<string>`any(${[...categories]}::text[])`);
  for (const group of tags) rows = rows.where(sql<SqlBool>`accepted && ${[...group]}::text[]`);
  if (review) rows = rows.where('pending', '=', review === 'pending');
  if (failed) rows = rows.where('failed', '=', true);
  if (after) {
    const key = sort === 'updated' ? timeOf(after.key) : sql<number>`${after.key}::double precision`;
    const here = sql.ref(column);
    rows = rows
      .where('updated_at', '<=', timeOf(after.asOf))
      .where(sql<SqlBool>`${here} <= ${key}`)
      .where(sql<SqlBool>`(${here} < ${key} or product_id > ${after.productId})`);
  }
  return rows
    .orderBy(column, 'desc')
    .orderBy('product_id')
    .limit(limit + 1);
}

export async function listProducts(db: Kysely<Tables>, query: ProductQuery): Promise<ProductPage> {
  const { sort, limit, after } = query;
  const found = await productRows(db, query).execute();
  const page = found.slice(0, limit);
  const end = found.length > limit ? page.at(-1) : undefined;
  return {
    items: page.map(({ tag_set }) => tag_set as TagSet),
    next: end
      ? {
          key: sort === 'updated' ? Number(end.updated) : end.uncertainty,
          productId: end.product_id,
          asOf: after?.asOf ?? Number(end.now),
        }
      : null,
  };
}
