/** Who is told of events. Locks are taken in one order: a subscription, then its deliveries. */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Subscription, Subscriptions } from '../../application/ports-outgoing.ts';
import type { Tables } from './tables.ts';
import { transacting } from './transactions.ts';

const now = sql<Date>`clock_timestamp()`;
/** What else may not happen while a subscription is added: another addition. */
const addingLock = 4_716_230_119;

export function createSqlSubscriptions(db: Kysely<Tables>): Subscriptions {
  return {
    add: ({ id, url, events, maxPerSecond, sealedSecret }, most) =>
      transacting(db, async (trx) => {
        await sql`select pg_advisory_xact_lock(${addingLock}::bigint)`.execute(trx);
        const { count } = await trx
          .selectFrom('subscriptions')
          .select(sql<number>`count(*)::int`.as('count'))
          .executeTakeFirstOrThrow();
        if (count >= most) return false;
        await trx
          .insertInto('subscriptions')
          .values({
            id,
            url,
            events: [...events],
            max_per_second: maxPerSecond,
            secret: Buffer.from(sealedSecret),
          })
          .execute();
        return true;
      }),
    async find(id) {
      const [found] = await rows(db, id);
      return found ?? null;
    },
    list: () => rows(db, null),
    async remove(id) {
      await transacting(db, async (trx) => {
        await trx.deleteFrom('subscriptions').where('id', '=', id).execute();
      });
    },
    enable: (id) => transacting(db, (trx) => enableOnce(trx, id)),
    async sealedSecret(id) {
      const row = await db
        .selectFrom('subscriptions')
        .select('secret')
        .where('id', '=', id)
        .executeTakeFirst();
      return row?.secret ?? null;
    },
    async anySealed() {
      const row = await db
        .selectFrom('subscriptions')
        .select(['id', 'secret'])
        .orderBy('created_at')
        .limit(1)
        .executeTakeFirst();
      return row ? { id: row.id, sealedSecret: row.secret } : null;
    },
  };
}

async function rows(db: Kysely<Tables>, id: string | null): Promise<readonly Subscription[]> {
  const count = (state: string) =>
    sql<number>`(select count(*)::int from deliveries
      where deliveries.subscription_id = subscriptions.id and deliveries.state = ${sql.lit(state)})`;
  const found = await db
    .selectFrom('subscriptions')
    .select(['id', 'url', 'events', 'max_per_second', 'state', 'reason', 'since', 'created_at'])
    .select([count('waiting').as('waiting'), count('failed').as('failed')])
    .$if(id !== null, (query) => query.where('id', '=', id!))
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return found.map(({ max_per_second, created_at, since, ...row }) => ({
    ...row,
    events: row.events as Subscription['events'],
    maxPerSecond: max_per_second,
    state: row.state as Subscription['state'],
    since: since.toISOString(),
    createdAt: created_at.toISOString(),
  }));
}

async function enableOnce(trx: Transaction<Tables>, id: string): Promise<boolean> {
  const found = await trx
    .selectFrom('subscriptions')
    .select('state')
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!found) return false;
  if (found.state === 'active') return true;
  await trx
    .updateTable('subscriptions')
    .set({ state: 'active', reason: null, since: now, failures: 0, next_at: now })
    .where('id', '=', id)
    .execute();
  await trx
    .updateTable('deliveries')
    .set({ tried: 0, due_at: sql<Date>`now()`, begun_at: sql<Date>`now()`, ticket: null })
    .where('subscription_id', '=', id)
    .where('state', '=', 'waiting')
    .execute();
  return true;
}
