/**
 * One end of a copy: a single session, set up so that every value prints as the same text at both ends.
 * The session is pinned: were it lost and silently replaced, its settings and its lock would be gone.
 */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { type StoreLog, unavailable } from '../failures.ts';
import { guardedPool } from '../guarded-pool.ts';
import { openEmbedded } from '../pglite.ts';
import type { Tables } from '../tables.ts';

export type Session = Kysely<Tables>;

export interface End {
  /** Tells this database from every other: the same for the same one, whatever way it was reached. */
  readonly id: string;
  /** For people; no password in it. */
  readonly name: string;
  readonly kind: 'embedded' | 'server';
  readonly session: Session;
  /** A second connection for migrations, or the same where there is only one. */
  readonly db: Kysely<Tables>;
}

const settings = [
  `set timezone = 'UTC'`,
  `set datestyle = 'ISO, YMD'`,
  `set intervalstyle = 'postgres'`,
  `set bytea_output = 'hex'`,
  `set extra_float_digits = 1`,
  // A copy takes as long as it takes, whatever the server allows a web service.
  'set statement_timeout = 0',
  'set lock_timeout = 0',
  'set idle_in_transaction_session_timeout = 0',
];

/** `directory`: an embedded database that exists. It is locked as by a service, so a running one is refused. */
export async function atEmbedded<T>(
  directory: string,
  durability: 'full' | 'relaxed',
  log: StoreLog,
  work: (end: End) => Promise<T>,
): Promise<T> {
  await access(path.join(directory, 'PG_VERSION')).catch(() => {
    throw new Error(`There is no embedded database in ${directory}.`);
  });
  const { db, close } = await openEmbedded({ directory, durability, log });
  try {
    return await pinned(db, { name: directory, kind: 'embedded' }, work);
  } finally {
    await db.destroy();
    await close();
  }
}

export async function atServer<T>(url: string, log: StoreLog, work: (end: End) => Promise<T>): Promise<T> {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'hangtag store copy',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    max: 2,
  });
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: guardedPool(pool, log) }) });
  try {
    return await pinned(db, { name: withoutSecrets(url), kind: 'server' }, work);
  } finally {
    await db.destroy();
  }
}

async function pinned<T>(
  db: Kysely<Tables>,
  about: Pick<End, 'name' | 'kind'>,
  work: (end: End) => Promise<T>,
): Promise<T> {
  return db.connection().execute(async (session) => {
    for (const setting of settings) await sql.raw(setting).execute(session);
    const { rows } = await sql<{ id: string; encoding: string; version: number }>`
      select concat_ws(' ', (select system_identifier from pg_control_system()), current_database(), current_schema()) as id,
        current_setting('server_encoding') as encoding, current_setting('server_version_num')::int as version`.execute(
      session,
    );
    const { id, encoding, version } = rows[0]!;
    if (encoding !== 'UTF8') throw new Error(`${about.name} is encoded in ${encoding}; hangtag needs UTF8.`);
    if (version < 150_000) throw new Error(`${about.name} is older than PostgreSQL 15.`);
    return work({ id, ...about, session, db });
  });
}

/** Other processes of hangtag on this server's database; none can be seen, or be there, beside an embedded one. */
export async function refuseRunningService({ kind, name, session }: End): Promise<void> {
  if (kind === 'embedded') return;
  const { rows } = await sql`
    select 1 from pg_stat_activity
    where datname = current_database() and application_name = 'hangtag' and pid <> pg_backend_pid()
    limit 1`.execute(session);
  if (rows.length > 0) throw unavailable(`A hangtag is running on ${name}. Stop it first.`);
}

function withoutSecrets(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `postgres://${hostname}${port && `:${port}`}${pathname}`;
}
