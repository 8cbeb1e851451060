/**
 * Taxonomies and calibrations as they were uploaded, and which are active. `active_meaning` has one row, which every process
 * reads once a second: `generation` rises with each switch. A taxonomy that is to be active next is a wish with a
 * ticket, worked on by whoever holds its lease.
 */
import { type Kysely, sql } from 'kysely';

const statements = [
  `create table taxonomies (
     version text collate "C" primary key,
     id text collate "C" not null,
     content_hash text collate "C" not null,
     files json not null,
     created_at timestamptz not null default clock_timestamp(),
     activated_at timestamptz
   )`,
  'create index taxonomies_created on taxonomies (created_at, version)',
  `create table calibrations (
     id text collate "C" primary key,
     model text collate "C" not null,
     taxonomy text collate "C" not null,
     content_hash text collate "C" not null,
     content json not null,
     chosen boolean not null default false,
     created_at timestamptz not null default clock_timestamp(),
     activated_at timestamptz
   )`,
  'create index calibrations_created on calibrations (created_at, id)',
  'create unique index calibrations_chosen on calibrations (model, taxonomy) where chosen',
  // Without a taxonomy: the one of the folder that a process was started with.
  `create table active_meaning (
     id integer primary key check (id = 1),
     generation bigint not null default 0,
     taxonomy text collate "C" references taxonomies (version),
     switched_at timestamptz,
     ticket uuid,
     wanted text collate "C" references taxonomies (version),
     worker uuid,
     lease_until timestamptz,
     progress json,
     failure json
   )`,
  'insert into active_meaning (id) values (1)',
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
