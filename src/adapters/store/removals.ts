/**
 * What the database remembers of originals that are removed: the store's side of `application/sweep-originals.ts`.
 *
 * Two transactions that care about one picture meet at its row in `images`. A writer of tags holds that row shared; a
 * removal holds it alone. A picture without a row gets one for the length of the transaction: somebody who inserts the
 * same key meanwhile waits for the end of it, and the other way round.
 */
import { randomUUID } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { TagWrite } from '../../application/ports.ts';
import type { RemovalClaim } from '../../application/ports-originals.ts';
import { inTheWay, RemovalsMet } from '../../domain/originals/removal.ts';
import type { Tables } from './tables.ts';
import { transacting } from './transactions.ts';

const these = (sha256s: readonly string[]) => sql<string>`any(${[...sha256s]}::text[])`;
const now = sql<Date>`clock_timestamp()`;

/** Of a writer, with the rows of its pictures held: throws `RemovalsMet`, or clears what no longer holds. */
export async function meetRemovals(trx: Transaction<Tables>, write: TagWrite): Promise<void> {
  if (write.images.length === 0) return;
  const mine = these(write.images.map(({ facts }) => facts.sha256));
  const found = await trx
    .selectFrom('original_removals')
    .select(['sha256', 'ticket'])
    .select(sql<boolean>`coalesce(removed_at is not null or lease_until < ${now}, false)`.as('over'))
    .where('sha256', '=', mine)
    .execute();
  if (found.length === 0) return;
  const removals = inTheWay(found, write.restored);
  if (removals.length > 0) throw new RemovalsMet(removals);
  await trx.deleteFrom('original_removals').where('sha256', '=', mine).execute();
}

/** Of a deletion: these are to go. */
export async function markRemovals(trx: Transaction<Tables>, sha256s: readonly string[]): Promise<void> {
  await trx
    .insertInto('original_removals')
    .values(sha256s.map((sha256) => ({ sha256 })))
    .onConflict((conflict) =>
      conflict.column('sha256').doUpdateSet({ ticket: null, lease_until: null, removed_at: null }),
    )
    .execute();
}

export async function pendingRemovals(db: Kysely<Tables>, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('original_removals')
    .select('sha256')
    .where('removed_at', 'is', null)
    .where((by) => by.or([by('lease_until', 'is', null), by('lease_until', '<', now)]))
    .orderBy('marked_at')
    .limit(limit)
    .execute();
  return rows.map(({ sha256 }) => sha256);
}

export async function claimRemovals(
  db: Kysely<Tables>,
  sha256s: readonly string[],
  limit: number,
  leaseMs: number,
): Promise<RemovalClaim> {
  const ticket = randomUUID();
  // Most of what a sweep asks for is in use and unmarked: that much is seen without holding anything.
  const used = await mentionedPictures(db, sha256s, true);
  const candidates = [...new Set(sha256s)].filter((sha256) => !used.has(sha256)).sort();
  for (let from = 0; from < candidates.length; from += limit) {
    const some = candidates.slice(from, from + limit);
    const claimed = await transacting(db, (trx) => claimOnce(trx, some, ticket, leaseMs));
    if (claimed.length > 0) return { ticket, sha256s: claimed };
  }
  return { ticket, sha256s: [] };
}

async function claimOnce(
  trx: Transaction<Tables>,
  sha256s: readonly string[],
  ticket: string,
  leaseMs: number,
): Promise<readonly string[]> {
  const placed = await holdPictures(trx, sha256s);
  const used = await mentionedPictures(trx, sha256s);
  const busy = await trx
    .selectFrom('original_removals')
    .select('sha256')
    .where('sha256', '=', these(sha256s))
    .where('removed_at', 'is', null)
    .where('lease_until', '>', now)
    .execute();
  const taken = new Set([...used, ...busy.map(({ sha256 }) => sha256)]);
  const free = sha256s.filter((sha256) => !taken.has(sha256));
  await trx.deleteFrom('image_vectors').where('sha256', '=', these(free)).execute();
  await trx
    .deleteFrom('images')
    .where('sha256', '=', these([...free, ...placed]))
    .execute();
  if (used.size > 0)
    await trx
      .deleteFrom('original_removals')
      .where('sha256', '=', these([...used]))
      .execute();
  if (free.length === 0) return [];
  const claim = { ticket, lease_until: sql<Date>`${now} + ${leaseMs} * interval '1 millisecond'` };
  await trx
    .insertInto('original_removals')
    .values(free.map((sha256) => ({ sha256, ...claim })))
    .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ ...claim, removed_at: null }))
    .execute();
  return free;
}

/** Settled removals are kept for a day: longer than any tagging that could have begun before them. */
export async function settleRemovals(
  db: Kysely<Tables>,
  ticket: string,
  sha256s: readonly string[],
): Promise<readonly string[]> {
  const settled = await db
    .updateTable('original_removals')
    .set({ removed_at: now })
    .where('sha256', '=', these(sha256s))
    .where('ticket', '=', ticket)
    .where('removed_at', 'is', null)
    .returning('sha256')
    .execute();
  await db
    .deleteFrom('original_removals')
    .where('removed_at', '<', sql<Date>`${now} - interval '1 day'`)
    .execute();
  return settled.map(({ sha256 }) => sha256);
}

/** Until the transaction ends nobody else writes about these pictures. Gives those whose row is only a placeholder. */
async function holdPictures(
  trx: Transaction<Tables>,
  sha256s: readonly string[],
): Promise<readonly string[]> {
  const nothing = { width: 0, height: 0, format: '', size: 0, colors: '[]' };
  const placed = new Set<string>();
  for (let held = 0; held < sha256s.length; ) {
    const inserted = await trx
      .insertInto('images')
      .values(sha256s.map((sha256) => ({ sha256, ...nothing })))
      .onConflict((conflict) => conflict.doNothing())
      .returning('sha256')
      .execute();
    for (const { sha256 } of inserted) placed.add(sha256);
    // A row that was there may be gone by the time it would be held: then its place is taken anew.
    const rows = await trx
      .selectFrom('images')
      .select('sha256')
      .where('sha256', '=', these(sha256s))
      .orderBy('sha256')
      .forUpdate()
      .execute();
    held = rows.length;
  }
  return [...placed];
}

/** Which of these pictures any history mentions; `unmarked`: less those of which a removal is remembered. */
export async function mentionedPictures(
  db: Kysely<Tables>,
  sha256s: readonly string[],
  unmarked = false,
): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom('picture_mentions')
    .select('sha256')
    .distinct()
    .where('sha256', '=', these(sha256s))
    .$if(unmarked, (query) =>
      query.where((by) =>
        by.not(
          by.exists(
            by
              .selectFrom('original_removals')
              .select('ticket')
              .whereRef('original_removals.sha256', '=', 'picture_mentions.sha256'),
          ),
        ),
      ),
    )
    .execute();
  return new Set(rows.map(({ sha256 }) => sha256));
}
