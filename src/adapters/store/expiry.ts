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
}

/** Gives the function that stops it. */
export function clearExpiredRegularly(db: Kysely<Tables>, log: StoreLog): () => void {
  const timer = setInterval(() => {
    clearExpired(db).catch((error: unknown) => log.warn({ err: error }, 'clearing expired rows failed'));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
