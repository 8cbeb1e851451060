/**
 * Events in the one order that all readers see. They are committed in any order, so a number taken when they are written would be no
 * place to go on from: one with a lower number may still come. Instead, committed events get their positions here, by whoever holds the
 * feed's only row; what one holder committed, the next one sees.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { EventFeed } from '../../application/ports-outgoing.ts';
import type { Tables } from './tables.ts';
import { transacting } from './transactions.ts';

/** Events placed in one transaction, at most. */
const batch = 500;

export function createSqlEventFeed(db: Kysely<Tables>): EventFeed {
  let running: Promise<number> | null = null;
  let queued: Promise<number> | null = null;

  async function placeAll(): Promise<number> {
    let placed = 0;
    while (await anyUnplaced(db)) {
      const some = await transacting(db, placeOnce);
      placed += some;
      if (some === 0) break;
    }
    return placed;
  }
  const begin = () => {
    running = placeAll().finally(() => {
      running = null;
    });
    return running;
  };

  return {
    // One at a time: those who ask meanwhile share the run after it, which sees what they have committed.
    place() {
      if (!running) return begin();
      queued ??= running
        .catch(() => 0)
        .then(() => {
          queued = null;
          return begin();
        });
      return queued;
    },
    async read(after, limit) {
      // One statement, so that the events and the ends of the feed are of one moment.
      const { rows } = await sql<{ last: string; forgotten: string; body: string | null; position: string }>`
        select last, forgotten, body, position
        from event_feed left join (
          select body, position from events
          where position > ${after ?? 0}::bigint order by position limit ${limit}
        ) as page on true
        order by position`.execute(db);
      const [first] = rows;
      if (!first) throw new TypeError('the feed has one row');
      const last = Number(first.last);
      if (after !== null && (after < Number(first.forgotten) || after > last)) return null;
      const page = rows.filter(({ body }) => body !== null);
      return {
        bodies: page.map(({ body }) => body!),
        // Past the places of what was forgotten with its product.
        position: page.length < limit ? last : Number(page.at(-1)!.position),
      };
    },
  };
}

async function anyUnplaced(db: Kysely<Tables>): Promise<boolean> {
  const row = await db
    .selectFrom('events')
    .select('id')
    .where('position', 'is', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

async function placeOnce(trx: Transaction<Tables>): Promise<number> {
  // Waits for another holder, and reads what that one committed.
  const { last: text } = await trx
    .selectFrom('event_feed')
    .select('last')
    .where('id', '=', 1)
    .forUpdate()
    .executeTakeFirstOrThrow();
  const last = Number(text);
  const { numAffectedRows = 0n } = await sql`
    update events set position = ${last}::bigint + placed.n
    from (
      select id, row_number() over (order by sequence) as n
      from (select id, sequence from events where position is null order by sequence limit ${batch}) as unplaced
    ) as placed
    where events.id = placed.id`.execute(trx);
  const count = Number(numAffectedRows);
  if (count === 0) return 0;
  await trx
    .updateTable('event_feed')
    .set({ last: last + count })
    .where('id', '=', 1)
    .execute();
  await fanOut(trx, last, last + count);
  return count;
}

async function fanOut(trx: Transaction<Tables>, after: number, to: number): Promise<void> {
  // Held to the commit, so that none is removed between being found and being referred to.
  const active = await trx
    .selectFrom('subscriptions')
    .select('id')
    .where('state', '=', 'active')
    .orderBy('id')
    .forKeyShare()
    .execute();
  if (active.length === 0) return;
  await sql`
    insert into deliveries (id, subscription_id, event_id, position)
    select gen_random_uuid(), subscriptions.id, events.id, events.position
    from events join subscriptions on events.type = any(subscriptions.events)
    where events.position > ${after}::bigint and events.position <= ${to}::bigint
      and subscriptions.id = any(${active.map(({ id }) => id)}::uuid[])`.execute(trx);
}

/** Events have their time. What is forgotten is remembered as a number: who comes from before it has missed something. */
export async function forgetOldEvents(db: Kysely<Tables>, days: number): Promise<void> {
  await transacting(db, async (trx) => {
    const { rows } = await sql<{ highest: string | null }>`
      with gone as (
        delete from events
        where position is not null and created_at <= now() - ${days} * interval '1 day'
        returning position
      )
      select max(position) as highest from gone`.execute(trx);
    const highest = rows[0]?.highest;
    if (highest == null) return;
    await sql`update event_feed set forgotten = greatest(forgotten, ${highest}::bigint) where id = 1`.execute(
      trx,
    );
  });
}
