/**
 * Products with their history, and what is known of images.
 *
 * TagSets are `json`, not `jsonb`: the text comes back exactly as it was written, so attributes keep the taxonomy's
 * order and a title may hold any character, `\u0000` included. What is filtered by stands in columns of its own.
 * Keys compare by bytes (`collate "C"`), so that an index never depends on the server's locale library.
 * An image belongs to nobody: `product_images` says who uses it, so that a deletion can count.
 */
import { type Kysely, sql } from 'kysely';

const statements = [
  `create table products (
     product_id text collate "C" primary key,
     revision integer not null check (revision > 0),
     tag_set json not null,
     category_id text collate "C",
     accepted text[] not null,
     updated_at timestamptz not null default now()
   )`,
  `create table tag_history (
     product_id text collate "C" not null references products on delete cascade,
     revision integer not null,
     tag_set json not null,
     cause text not null,
     at timestamptz not null default now(),
     primary key (product_id, revision)
   )`,
  `create table images (
     sha256 text collate "C" primary key,
     width integer not null,
     height integer not null,
     format text not null,
     size integer not null,
     colors json not null,
     created_at timestamptz not null default now()
   )`,
  // Little-endian float32, one after another. Vectors do not compress: external storage spares the attempt.
  `create table image_vectors (
     sha256 text collate "C" not null,
     model text collate "C" not null,
     vector bytea not null,
     primary key (sha256, model)
   )`,
  'alter table image_vectors alter column vector set storage external',
  `create table product_images (
     product_id text collate "C" not null references products on delete cascade,
     position integer not null,
     sha256 text collate "C" not null,
     primary key (product_id, position)
   )`,
  'create index product_images_sha256 on product_images (sha256)',
  // One row, rewritten by every health check: proof that the store takes writes.
  'create table heartbeat (id integer primary key check (id = 1), at timestamptz not null)',
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
