/**
 * What shops say: events as they were accepted, and what they come to for each product. Work has a source.
 *
 * `received_events` outlives the operation that an event became, so that an event which is sent again is known. One that repeats an earlier body
 * under another id is the same event: neither id nor topic of some senders is signed. A row gives up its `body_hash` to a later
 * event where the same words mean something new (a product deleted again).
 * A product that its shop withdrew stays as it is, out of sight, until it is restored or forgotten.
 */
import { type Kysely, sql } from 'kysely';

const statements = [
  `alter table operations add column source text collate "C" not null default 'requests'`,
  // Processes that work; one that is silent has lost what it had begun.
  'create table workers (id uuid primary key, beat_at timestamptz not null default now())',
  'alter table products add column withdrawn_at timestamptz',
  'create index products_withdrawn on products (withdrawn_at) where withdrawn_at is not null',
  `create table received_events (
     operation_id uuid primary key,
     source text collate "C" not null,
     event_id text collate "C",
     body_hash text collate "C",
     product_id text collate "C" not null,
     deletes boolean not null,
     sequence bigint not null,
     received_at timestamptz not null default now(),
     unique (source, event_id),
     unique (source, body_hash)
   )`,
  'create index received_events_product on received_events (product_id)',
  'create index received_events_received on received_events (received_at)',
  // `sequence`: the highest of the events in `state`. `version` counts the foldings.
  `create table catalog_products (
     product_id text collate "C" primary key,
     source text collate "C" not null,
     state json not null,
     version integer not null default 1,
     sequence bigint not null,
     updated_at timestamptz not null default now()
   )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
