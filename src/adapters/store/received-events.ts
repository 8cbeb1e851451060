/**
 * Events accepted: many of them in one transaction, each with its operation and its job. What came before is found by its id or by its
 * body; between two processes the unique keys decide, and whoever was slower looks again.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { IncomingEvent, Receipt, ReceivedEvents } from '../../application/ports-catalog.ts';
import type { EnqueueWithin } from '../../application/ports-work.ts';
import { HangtagError } from '../../domain/errors.ts';
import { executing } from './operations.ts';
import { checkedProductId } from './rows.ts';
import type { Tables } from './tables.ts';
import { transacting } from './transactions.ts';

/** How often a batch looks again for what other processes accepted in between. */
const rounds = 8;

export function createSqlReceivedEvents(db: Kysely<Tables>, enqueue: EnqueueWithin): ReceivedEvents {
  return {
    accept: (events) =>
      events.length === 0 ? Promise.resolve([]) : transacting(db, (trx) => acceptAll(trx, events, enqueue)),
    async forget(days) {
      const { numDeletedRows } = await db
        .deleteFrom('received_events')
        .where('received_at', '<=', sql<Date>`now() - ${days} * interval '1 day'`)
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}

async function acceptAll(
  trx: Transaction<Tables>,
  events: readonly IncomingEvent[],
  enqueue: EnqueueWithin,
): Promise<readonly Receipt[]> {
  for (const { event } of events) checkedProductId(event.productId);
  const receipts = new Map<IncomingEvent, Receipt>();
  for (const group of apart(events)) {
    let left = group;
    for (let round = 1; left.length > 0; round++) {
      if (round > rounds)
        throw new HangtagError('store.unavailable', 'These events are being accepted elsewhere.');
      const known = await before(trx, left);
      for (const [event, operationId] of known) receipts.set(event, { operationId, status: 'duplicate' });
      const fresh = left.filter((event) => !known.has(event));
      const taken = new Set(await insert(trx, fresh));
      left = fresh.filter(({ operationId }) => !taken.has(operationId));
      for (const event of fresh)
        if (taken.has(event.operationId))
          receipts.set(event, { operationId: event.operationId, status: 'accepted' });
    }
  }
  const accepted = events.filter((event) => receipts.get(event)?.status === 'accepted');
  await enqueue(
    executing(trx),
    accepted.map(({ source, operationId }) => ({ source, id: operationId })),
  );
  return events.map((event) => receipts.get(event)!);
}

/** Groups in which no product, no id and no body comes twice; what is in a later one came later. In the order of the keys. */
function apart(events: readonly IncomingEvent[]): readonly (readonly IncomingEvent[])[] {
  const groups: { readonly events: IncomingEvent[]; readonly seen: Set<string> }[] = [];
  for (const incoming of events) {
    const { source, eventId, bodyHash, event } = incoming;
    const names = [
      `product ${event.productId}`,
      `body ${source} ${bodyHash}`,
      ...(eventId === null ? [] : [`id ${source} ${eventId}`]),
    ];
    const last = groups.findLastIndex(({ seen }) => names.some((name) => seen.has(name)));
    const group = groups[last + 1] ?? { events: [], seen: new Set() };
    if (!groups[last + 1]) groups.push(group);
    group.events.push(incoming);
    for (const name of names) group.seen.add(name);
  }
  return groups.map((group) => group.events.sort((a, b) => (a.bodyHash < b.bodyHash ? -1 : 1)));
}

/** Those that came before, with the operation that they became. Others may have to take a body's hash over. */
async function before(
  trx: Transaction<Tables>,
  events: readonly IncomingEvent[],
): Promise<ReadonlyMap<IncomingEvent, string>> {
  const texts = (values: readonly string[]) => sql<string>`any(${[...values]}::text[])`;
  const rows = await trx
    .selectFrom('received_events')
    .select(['operation_id', 'source', 'event_id', 'body_hash', 'sequence'])
    .where((is) => {
      // Beside each of them, because both indexes begin with it.
      const source = is('source', '=', texts([...new Set(events.map((event) => event.source))]));
      const ids = events.flatMap(({ eventId }) => (eventId === null ? [] : [eventId]));
      return is.or([
        is.and([source, is('event_id', '=', texts(ids))]),
        is.and([source, is('body_hash', '=', texts(events.map(({ bodyHash }) => bodyHash)))]),
      ]);
    })
    .execute();
  const known = new Map<IncomingEvent, string>();
  for (const incoming of events) {
    const { source, eventId, bodyHash, event } = incoming;
    const mine = rows.filter((row) => row.source === source);
    const named = eventId === null ? undefined : mine.find((row) => row.event_id === eventId);
    const repeated = mine.find((row) => row.body_hash === bodyHash);
    if (named) known.set(incoming, named.operation_id);
    else if (repeated && (event.at !== null || !(await saidSince(trx, event.productId, repeated.sequence))))
      known.set(incoming, repeated.operation_id);
    else if (repeated)
      await trx
        .updateTable('received_events')
        .set({ body_hash: null })
        .where('operation_id', '=', repeated.operation_id)
        .execute();
  }
  return known;
}

/** Whether anything else was accepted for the product, or worked into it, since. */
async function saidSince(trx: Transaction<Tables>, productId: string, sequence: string): Promise<boolean> {
  const { rows } = await sql`
    select 1 from received_events where product_id = ${productId} and sequence > ${sequence}::bigint
    union all select 1 from catalog_products where product_id = ${productId} and sequence > ${sequence}::bigint
    limit 1`.execute(trx);
  return rows.length > 0;
}

/** Gives the operations of those that were not there yet. */
async function insert(
  trx: Transaction<Tables>,
  events: readonly IncomingEvent[],
): Promise<readonly string[]> {
  if (events.length === 0) return [];
  const { rows: numbers } = await sql<{ next: string }>`
    select nextval('input_sequence') as next from generate_series(1, ${events.length}::int)`.execute(trx);
  const sequences = new Map(
    events.map(({ operationId }, index) => [operationId, Number(numbers[index]!.next)]),
  );
  const inserted = await trx
    .insertInto('received_events')
    .values(
      events.map(({ operationId, source, eventId, bodyHash, event }) => ({
        operation_id: operationId,
        source,
        event_id: eventId,
        body_hash: bodyHash,
        product_id: event.productId,
        deletes: event.type === 'product.deleted',
        sequence: sequences.get(operationId)!,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .returning('operation_id')
    .execute();
  const taken = new Set(inserted.map((row) => row.operation_id));
  const rows = events
    .filter(({ operationId }) => taken.has(operationId))
    .map(({ operationId, source, event }) => ({
      id: operationId,
      source,
      product_id: event.productId,
      sequence: sequences.get(operationId)!,
      request: JSON.stringify(event),
    }));
  if (rows.length > 0) await trx.insertInto('operations').values(rows).execute();
  return [...taken];
}
