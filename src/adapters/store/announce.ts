/**
 * The outbox: an event is written in the transaction that makes it true, so that neither exists without the other. Who is told of it,
 * and in which order, is settled after the commit (`event-feed.ts`).
 */
import { randomUUID } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { OutgoingEvent } from '../../domain/events/outgoing.ts';
import type { Tables } from './tables.ts';

/**
 * To be called inside the transaction that makes the event true, with its product locked where it has one (`lockProduct`): the order of
 * these calls is then the order of the product's events. The text is final: every attempt and every feed gives these bytes.
 */
export async function announce(
  trx: Transaction<Tables>,
  { type, productId, data }: OutgoingEvent,
): Promise<void> {
  const id = randomUUID();
  const head = `{"id":"${id}","type":"${type}","timestamp":"`;
  // One clock for all processes: the database's.
  const time = sql`to_char(t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  await sql`
    insert into events (id, type, product_id, body, created_at)
    select ${id}::uuid, ${type}, ${productId}, ${head}::text || ${time} || ${`","data":${JSON.stringify(data)}}`}::text, t
    from clock_timestamp() as t`.execute(trx);
}

/** Of a product that is forgotten: what was told of it goes, sent or not, with its deliveries; that it was deleted stays to be told. */
export async function forgetEvents(trx: Transaction<Tables>, productId: string): Promise<void> {
  await trx
    .deleteFrom('events')
    .where('product_id', '=', productId)
    .where('type', '<>', 'product.deleted')
    .execute();
}
