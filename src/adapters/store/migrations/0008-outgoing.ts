/**
 * Events that are told, who is told, and each telling.
 *
 * `events.body` is the very text that is sent. `sequence` is drawn while the product is locked, so it has the order of one product's
 * changes; `position` is given after the commit, by one process at a time, and is what readers go by (docs/decisions/0014-events-out.md).
 * `event_feed` has one row: the last position given, and the last that was forgotten for its age.
 * A delivery that waits is due at `due_at`; one that is being sent is due again when its sender must be gone. `tried` counts its attempts
 * since `begun_at`. Nothing is sent to a subscription before its `next_at`; `failures` are those in a row.
 */
import { type Kysely, sql } from 'kysely';

const statements = [
  'create sequence event_sequence',
  `create table events (
     id uuid primary key,
     type text collate "C" not null,
     product_id text collate "C",
     body text not null,
     sequence bigint not null default nextval('event_sequence'),
     created_at timestamptz not null default clock_timestamp(),
     position bigint unique
   )`,
  'create index events_unplaced on events (sequence) where position is null',
  'create index events_product on events (product_id)',
  'create index events_created on events (created_at)',
  `create table event_feed (
     id integer primary key check (id = 1),
     last bigint not null,
     forgotten bigint not null
   )`,
  'insert into event_feed (id, last, forgotten) values (1, 0, 0)',
  `create table subscriptions (
     id uuid primary key,
     url text not null,
     events text[] not null,
     max_per_second double precision,
     secret bytea not null,
     state text collate "C" not null default 'active' check (state in ('active', 'disabled')),
     reason text,
     since timestamptz not null default now(),
     created_at timestamptz not null default now(),
     succeeded_at timestamptz,
     failures integer not null default 0,
     next_at timestamptz not null default now()
   )`,
  `create table deliveries (
     id uuid primary key,
     subscription_id uuid not null references subscriptions on delete cascade,
     event_id uuid not null references events on delete cascade,
     position bigint not null,
     state text collate "C" not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
     tried integer not null default 0,
     attempts json not null default '[]',
     due_at timestamptz not null default now(),
     ticket uuid,
     created_at timestamptz not null default now(),
     begun_at timestamptz not null default now(),
     unique (subscription_id, event_id)
   )`,
  `create index deliveries_due on deliveries (subscription_id, due_at, position) where state = 'waiting'`,
  `create index deliveries_failed on deliveries (subscription_id) where state = 'failed'`,
  'create index deliveries_event on deliveries (event_id)',
  'create index deliveries_position on deliveries (position, id)',
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
