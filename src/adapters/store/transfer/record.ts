/**
 * What the target knows of the copy into it: one row in `store_copy`, written in the same transaction as the rows it
 * speaks of, so that a copy that was cut off anywhere goes on exactly where it stopped. Not a migration: only databases
 * that were copied into have it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { unavailable } from '../failures.ts';
import type { Tables } from '../tables.ts';
import type { End, Session } from './end.ts';
import type { Key } from './rows.ts';

export interface TableProgress {
  /** Up to here; null: nothing yet. */
  readonly last: Key | null;
  readonly rows: number;
  readonly done: boolean;
}

export interface CopyRecord {
  /** The source's id. */
  readonly source: string;
  readonly finishedAt: Date | null;
  /** By the table's label. */
  readonly progress: Readonly<Record<string, TableProgress>>;
}

/** Any number that no other program on the same database uses for its advisory locks. */
const lockKey = 4_716_230_119;
/** A copy that was killed is noticed by the server within moments. */
const lockTries = 20;
const lockWaitMs = 500;

/** Until the session ends, however it ends, no second copy works on this database. */
export async function lockTarget({ session, name }: End): Promise<void> {
  for (let tries = 1; ; tries++) {
    const { rows } = await sql<{ mine: boolean }>`
      select pg_try_advisory_lock(${lockKey}::bigint) as mine`.execute(session);
    if (rows[0]!.mine) return;
    if (tries === lockTries) throw unavailable(`Another copy into ${name} is under way.`);
    await pause(lockWaitMs);
  }
}

/** null where nothing was ever copied into this database. */
export async function readRecord(session: Kysely<Tables>): Promise<CopyRecord | null> {
  const { rows: found } = await sql<{ there: boolean }>`
    select to_regclass('store_copy') is not null as there`.execute(session);
  if (!found[0]!.there) return null;
  const { rows } = await sql<CopyRecord>`
    select source, finished_at as "finishedAt", progress from store_copy`.execute(session);
  return rows[0] ?? null;
}

/** The mark that this database is being copied into; the very first thing that is written. */
export async function beginRecord(session: Session, source: string): Promise<CopyRecord> {
  await session.transaction().execute(async (trx) => {
    await sql`create table if not exists store_copy (
      id integer primary key check (id = 1),
      source text not null,
      progress json not null,
      started_at timestamptz not null default now(),
      finished_at timestamptz
    )`.execute(trx);
    await sql`insert into store_copy (id, source, progress) values (1, ${source}, '{}')`.execute(trx);
  });
  return { source, finishedAt: null, progress: {} };
}

export async function writeProgress(trx: Kysely<Tables>, progress: CopyRecord['progress']): Promise<void> {
  await sql`update store_copy set progress = ${JSON.stringify(progress)}`.execute(trx);
}

export async function finishRecord(session: Session): Promise<void> {
  await sql`update store_copy set finished_at = now()`.execute(session);
}

/** For whoever wants to work on this database: half of a store must not be taken for all of it. */
export async function refuseUnfinishedCopy(db: Kysely<Tables>): Promise<void> {
  const record = await readRecord(db);
  if (record && record.finishedAt === null)
    throw new Error(
      'a `store copy` into it has not finished. Run it again to the end, or use another database',
    );
}
