/**
 * Each telling of an event. A claim moves the time at which a delivery is due to when its sender must be gone: one that was killed is
 * followed without anybody having to notice. Locks are taken in one order: a subscription, then its deliveries.
 */
import { randomUUID } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import type {
  Attempt,
  Claim,
  ClaimedDelivery,
  Deliveries,
  Delivery,
  Outcome,
} from '../../application/ports-outgoing.ts';
import { restAfter } from '../../domain/events/outgoing-schedule.ts';
import type { Tables } from './tables.ts';
import { transacting } from './transactions.ts';

const now = sql<Date>`clock_timestamp()`;
const inSeconds = (seconds: number) => sql<Date>`clock_timestamp() + ${seconds} * interval '1 second'`;
/** Attempts that are remembered of one delivery. */
const remembered = 20;

export function createSqlDeliveries(db: Kysely<Tables>): Deliveries {
  return {
    async list({ subscription, state, limit, after }) {
      const rows = await db
        .selectFrom('deliveries')
        .innerJoin('events', 'events.id', 'deliveries.event_id')
        .select(['deliveries.id', 'subscription_id', 'event_id', 'type', 'state', 'attempts'])
        .select(['due_at', 'deliveries.created_at', 'deliveries.position'])
        .$if(subscription !== null, (query) => query.where('subscription_id', '=', subscription!))
        .$if(state !== null, (query) => query.where('state', '=', state!))
        .$if(after !== null, (query) =>
          query.where(
            sql<boolean>`(deliveries.position, deliveries.id) < (${after!.position}::bigint, ${after!.id}::uuid)`,
          ),
        )
        .orderBy('deliveries.position', 'desc')
        .orderBy('deliveries.id', 'desc')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        id: row.id,
        subscriptionId: row.subscription_id,
        eventId: row.event_id,
        type: row.type as Delivery['type'],
        state: row.state as Delivery['state'],
        attempts: row.attempts as Attempt[],
        nextAt: row.state === 'waiting' ? row.due_at.toISOString() : null,
        createdAt: row.created_at.toISOString(),
        position: Number(row.position),
      }));
    },
    async retry(id) {
      const row = await db
        .updateTable('deliveries')
        .set({ state: 'waiting', tried: 0, due_at: now, begun_at: now, ticket: null })
        .where('id', '=', id)
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },
    async due() {
      const { rows } = await sql<{ id: string; ms: number }>`
        select id, (extract(epoch from greatest(next_at, due) - ${now}) * 1000)::double precision as ms
        from subscriptions cross join lateral (
          select min(due_at) as due from deliveries
          where deliveries.subscription_id = subscriptions.id and deliveries.state = 'waiting'
        ) as waiting
        where subscriptions.state = 'active' and due is not null
        order by due`.execute(db);
      return rows.map(({ id, ms }) => ({ subscriptionId: id, inMs: Math.max(0, Math.ceil(ms)) }));
    },
    claim: (id, limit, leaseMs) => transacting(db, (trx) => claimOnce(trx, id, limit, leaseMs)),
    settle: (id, claimed, attempt, outcome) =>
      transacting(db, (trx) => settleOnce(trx, id, claimed, attempt, outcome)),
    async release({ id, ticket }, afterSeconds) {
      await db
        .updateTable('deliveries')
        .set({ due_at: inSeconds(afterSeconds), ticket: null })
        .where('id', '=', id)
        .where('ticket', '=', ticket)
        .execute();
    },
    async waiting() {
      const { count } = await db
        .selectFrom('deliveries')
        .innerJoin('subscriptions', 'subscriptions.id', 'deliveries.subscription_id')
        .select(sql<number>`count(*)::int`.as('count'))
        .where('deliveries.state', '=', 'waiting')
        .where('subscriptions.state', '=', 'active')
        .executeTakeFirstOrThrow();
      return count;
    },
  };
}

async function claimOnce(
  trx: Transaction<Tables>,
  id: string,
  limit: number,
  leaseMs: number,
): Promise<Claim | null> {
  const subscription = await trx
    .selectFrom('subscriptions')
    .select(['url', 'secret', 'max_per_second'])
    .where('id', '=', id)
    .where('state', '=', 'active')
    .where('next_at', '<=', now)
    .forNoKeyUpdate()
    .skipLocked()
    .executeTakeFirst();
  if (!subscription) return null;
  const pace = subscription.max_per_second;
  // A tenth of a second's worth together: nobody has to be asked for each single one.
  const most = pace === null ? limit : Math.min(limit, Math.max(1, Math.floor(pace / 10)));
  const due = await trx
    .selectFrom('deliveries')
    .innerJoin('events', 'events.id', 'deliveries.event_id')
    .select(['deliveries.id', 'deliveries.event_id', 'deliveries.tried', 'events.body'])
    .where('subscription_id', '=', id)
    .where('state', '=', 'waiting')
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .orderBy('deliveries.position')
    .limit(most)
    .forUpdate('deliveries')
    .skipLocked()
    .execute();
  if (due.length === 0) return null;
  const ticket = randomUUID();
  await trx
    .updateTable('deliveries')
    .set({ ticket, due_at: inSeconds(leaseMs / 1000) })
    .where('id', '=', sql<string>`any(${due.map((one) => one.id)}::uuid[])`)
    .execute();
  if (pace !== null)
    await trx
      .updateTable('subscriptions')
      .set({ next_at: inSeconds(due.length / pace) })
      .where('id', '=', id)
      .execute();
  const deliveries = due.map(({ id: delivery, event_id, tried, body }) => ({
    id: delivery,
    ticket,
    eventId: event_id,
    body,
    tried,
  }));
  return { subscriptionId: id, url: subscription.url, sealedSecret: subscription.secret, deliveries };
}

async function settleOnce(
  trx: Transaction<Tables>,
  subscriptionId: string,
  { id, ticket }: ClaimedDelivery,
  attempt: Attempt,
  outcome: Outcome,
): Promise<boolean> {
  const subscription = await trx
    .selectFrom('subscriptions')
    .select(['state', 'failures', 'succeeded_at'])
    .where('id', '=', subscriptionId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  const delivery = await trx
    .selectFrom('deliveries')
    .select(['attempts', 'begun_at'])
    .where('id', '=', id)
    .where('ticket', '=', ticket)
    .forUpdate()
    .executeTakeFirst();
  if (!subscription || !delivery) return false;
  const attempts = [...(delivery.attempts as Attempt[]), attempt].slice(-remembered);
  const state = { delivered: 'delivered', again: 'waiting', failed: 'failed', gone: 'failed' }[outcome.kind];
  await trx
    .updateTable('deliveries')
    .set({
      state,
      tried: sql<number>`tried + 1`,
      attempts: JSON.stringify(attempts),
      ticket: null,
      ...(outcome.kind === 'again' ? { due_at: inSeconds(outcome.after) } : {}),
    })
    .where('id', '=', id)
    .execute();
  const change = trx.updateTable('subscriptions').where('id', '=', subscriptionId);
  if (outcome.kind === 'delivered') {
    await change.set({ succeeded_at: now, failures: 0 }).execute();
    return false;
  }
  const failures = subscription.failures + 1;
  const rest = Math.max(restAfter(failures), outcome.kind === 'again' ? outcome.rest : 0);
  await change.set({ failures, next_at: sql<Date>`greatest(next_at, ${inSeconds(rest)})` }).execute();
  const silent = !subscription.succeeded_at || subscription.succeeded_at < delivery.begun_at;
  const reason =
    outcome.kind === 'gone' ? outcome.reason : outcome.kind === 'failed' && silent ? outcome.sustained : null;
  if (reason === null || subscription.state === 'disabled') return false;
  await change.set({ state: 'disabled', reason, since: now }).execute();
  return true;
}
