/**
 * Imports and their lines. What is counted of an import stands in its row, so that asking how it fares reads one row.
 *
 * Whoever changes an import or its lines holds the import's row, which also orders those who work on it side by side.
 * `due_at`: a waiting line may be claimed from then on. A claim moves it to the end of its lease and counts an attempt; under another
 * count of attempts it is somebody else's claim. `busy_until`: if nobody works on the import by then, nobody will by itself.
 * `hash`: of the import and the line's text, so that equal lines that wait are found without a look at the others.
 * `lanes`: jobs that were put into the queue for it and will look again. `window_*` and `rate`: lines a second, lately.
 */
import { type Kysely, sql } from 'kysely';

const statements = [
  `create table imports (
     id uuid primary key,
     state text collate "C" not null default 'receiving',
     dry_run boolean not null,
     source json not null,
     call_scope text collate "C",
     call_key text collate "C",
     total integer not null default 0,
     invalid integer not null default 0,
     repeated integer not null default 0,
     images integer not null default 0,
     inferences integer not null default 0,
     seconds double precision,
     changed integer not null default 0,
     unchanged integer not null default 0,
     failed integer not null default 0,
     tries integer not null default 0,
     lanes integer not null default 0,
     busy_until timestamptz not null default now() + interval '5 minutes',
     window_at timestamptz,
     window_done integer not null default 0,
     rate double precision,
     error json,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now(),
     started_at timestamptz,
     ended_at timestamptz,
     unique (call_scope, call_key)
   )`,
  'create index imports_created on imports (created_at, id)',
  `create index imports_open on imports (state) where ended_at is null`,
  `create table import_items (
     import_id uuid not null references imports (id) on delete cascade,
     line integer not null,
     product_id text collate "C",
     hash text collate "C",
     body text,
     sequence bigint,
     state text collate "C" not null default 'waiting',
     attempts integer not null default 0,
     due_at timestamptz not null default to_timestamp(0),
     code text,
     detail text,
     problems json,
     primary key (import_id, line)
   )`,
  `create index import_items_due on import_items (import_id, due_at, line) where state = 'waiting'`,
  // Unique, so that a planner that knows nothing of the table yet looks here first.
  `create unique index import_items_equal on import_items (hash) where state = 'waiting'`,
  `create index import_items_failed on import_items (import_id, line) where state = 'failed'`,
  'create index import_items_product on import_items (product_id)',
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
