/**
 * The order of inputs, calls that may be repeated, and work that was accepted for later.
 *
 * `products.inputs` and `tombstones.sequence` say which input wrote last (`domain/tagging/input-order.ts`). An
 * operation keeps its pictures in the database until it is done, in parts of 1 MiB: accepted and durable are one
 * transaction, and any process on the store can do the work.
 */
import { type Kysely, sql } from 'kysely';

const statements = [
  'create sequence input_sequence',
  `alter table products add column inputs json not null default '{"full":0,"partial":{}}'`,
  'alter table tombstones add column sequence bigint not null default 0',
  `create table answered_calls (
     scope text collate "C" not null,
     key text collate "C" not null,
     content text not null,
     product_id text collate "C" not null,
     tag_set json,
     operation_id uuid,
     at timestamptz not null default now(),
     primary key (scope, key),
     check ((tag_set is null) <> (operation_id is null))
   )`,
  'create index answered_calls_product on answered_calls (product_id)',
  'create index answered_calls_at on answered_calls (at)',
  `create table operations (
     id uuid primary key,
     product_id text collate "C" not null,
     sequence bigint not null,
     request json,
     state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed')),
     revision integer,
     error json,
     attempts integer not null default 0,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now()
   )`,
  'create index operations_product on operations (product_id)',
  'create index operations_updated on operations (updated_at)',
  `create table operation_images (
     operation_id uuid not null references operations on delete cascade,
     position integer not null,
     part integer not null,
     bytes bytea not null,
     primary key (operation_id, position, part)
   )`,
  // Pictures are compressed already.
  'alter table operation_images alter column bytes set storage external',
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
