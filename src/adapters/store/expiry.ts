/** What is kept for a time only, cleared away on a timer by every process: the statements agree with each other. */
import { type Kysely, sql } from 'kysely';
import { answerLife } from './answered-calls.ts';
import { forgetOldEvents } from './event-feed.ts';
import type { StoreLog } from './failures.ts';
import type { Tables } from './tables.ts';

const everyMs = 30 * 60_000;
/** How long an operation can be asked for once it is over. */
const operationLife = sql`interval '7 days'`;

/** How long what a server said of a picture is worth asking with. */
const fetchedLife = sql`interval '90 days'`;

/** Days for which events can be read again at `GET /changes`, with their deliveries. */
const eventDays = 30;
/** How long the lines of an import can be looked at once it is over, and the import itself. */
const importLinesLife = sql`interval '30 days'`;
const importLife = sql`interval '90 days'`;
/** Lines cleared by one statement: an import has millions, and the embedded database does one thing at a time. */
const linesAtOnce = 10_000;

export async function clearExpired(db: Kysely<Tables>): Promise<void> {
  await db.deleteFrom('answered_calls').where('at', '<=', sql<Date>`now() - ${answerLife}`).execute();
  await db
    .deleteFrom('operations')
    .where('state', 'in', ['done', 'failed'])
    .where('updated_at', '<=', sql<Date>`now() - ${operationLife}`)
    .execute();
  await db
    .deleteFrom('fetched_images')
    .where('fetched_at', '<=', sql<Date>`now() - ${fetchedLife}`)
    .execute();
  await forgetOldEvents(db, eventDays);
  while ((await clearImportLines(db)) === linesAtOnce);
  await db.deleteFrom('imports').where('ended_at', '<=', sql<Date>`now() - ${importLife}`).execute();
}

async function clearImportLines(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql`
    with old as (
      select import_id, line from import_items
      where import_id in (select id from imports where ended_at <= now() - ${importLinesLife})
      limit ${linesAtOnce}
    )
    delete from import_items i using old where i.import_id = old.import_id and i.line = old.line
    returning i.line`.execute(db);
  return rows.length;
}

/** Gives the function that stops it. */
export function clearExpiredRegularly(db: Kysely<Tables>, log: StoreLog): () => void {
  const timer = setInterval(() => {
    clearExpired(db).catch((error: unknown) => log.warn({ err: error }, 'clearing expired rows failed'));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
