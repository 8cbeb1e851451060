/**
 * What products are listed by, in columns and indexes; and what stays of a product that was deleted.
 *
 * `pending`, `uncertainty` and `failed` follow from the TagSet (`domain/review/standing.ts`). Rows from before are
 * filled in here, a batch at a time; when they changed last stays as it is.
 */
import { type Kysely, sql } from 'kysely';
import { awaitsReview, hasFailures, uncertainty } from '../../../domain/review/standing.ts';
import type { TagSet } from '../../../domain/tagging/types.ts';

const before = [
  `alter table products
     add column pending boolean not null default false,
     add column uncertainty double precision not null default 0,
     add column failed boolean not null default false`,
  // A deleted product's id is kept only as a sha256, so that revision numbers never start again.
  `create table tombstones (
     id_hash text collate "C" primary key,
     revision integer not null,
     deleted_at timestamptz not null default now()
   )`,
];
const after = [
  'create index products_accepted on products using gin (accepted)',
  'create index products_category on products (category_id)',
  'create index products_updated on products (updated_at desc, product_id)',
  'create index products_uncertainty on products (uncertainty desc, product_id)',
  'create index products_pending on products (uncertainty desc, product_id) where pending',
  'create index products_failed on products (updated_at desc, product_id) where failed',
];
const batch = 200;

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of before) await sql.raw(statement).execute(db);
  await fillIn(db);
  for (const statement of after) await sql.raw(statement).execute(db);
}

async function fillIn(db: Kysely<unknown>): Promise<void> {
  for (let last = ''; ; ) {
    const { rows } = await sql<{ product_id: string; tag_set: TagSet }>`
      select product_id, tag_set from products
      where product_id > ${last} order by product_id limit ${batch}`.execute(db);
    for (const { product_id, tag_set } of rows) {
      await sql`
        update products
        set pending = ${awaitsReview(tag_set)}, uncertainty = ${uncertainty(tag_set)}, failed = ${hasFailures(tag_set)}
        where product_id = ${product_id}`.execute(db);
    }
    const end = rows.at(-1);
    if (!end || rows.length < batch) return;
    last = end.product_id;
  }
}
