/** Calls with an `Idempotency-Key`: claimed in the transaction that answers them, so that one of two can be second. */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { StoredAnswer } from '../../application/ports.ts';
import type { AnsweredCall } from '../../application/ports-work.ts';
import { keyConflict } from '../../domain/idempotency.ts';
import type { TagSet } from '../../domain/tagging/types.ts';
import type { Tables } from './tables.ts';

/** How long a key stands for its answer. */
export const answerLife = sql`interval '24 hours'`;

/** Undoes the transaction in which a call turned out to be answered already. */
export class AnsweredBefore extends Error {
  readonly answer: StoredAnswer;
  constructor(answer: StoredAnswer) {
    super('this call was answered before');
    this.answer = answer;
  }
}

export async function findAnswer(
  db: Kysely<Tables>,
  scope: string,
  key: string,
): Promise<StoredAnswer | null> {
  const row = await db
    .selectFrom('answered_calls')
    .select(['content', 'tag_set', 'operation_id'])
    .where('scope', '=', scope)
    .where('key', '=', key)
    .where('at', '>', sql<Date>`now() - ${answerLife}`)
    .executeTakeFirst();
  return row
    ? { content: row.content, tagSet: row.tag_set as TagSet | null, operationId: row.operation_id }
    : null;
}

/** Waits for another transaction that answers the same call. Raises `AnsweredBefore` or `idempotency.conflict`. */
export async function rememberAnswer(
  trx: Transaction<Tables>,
  { scope, key, content }: AnsweredCall,
  answer: { readonly productId: string; readonly tagSet?: TagSet; readonly operationId?: string },
): Promise<void> {
  const row = {
    content,
    product_id: answer.productId,
    tag_set: answer.tagSet ? JSON.stringify(answer.tagSet) : null,
    operation_id: answer.operationId ?? null,
    at: sql<Date>`now()`,
  };
  const written = await trx
    .insertInto('answered_calls')
    .values({ scope, key, ...row })
    .onConflict((conflict) =>
      conflict
        .columns(['scope', 'key'])
        .doUpdateSet(row)
        // One that has outlived its time makes room.
        .where('answered_calls.at', '<=', sql<Date>`now() - ${answerLife}`),
    )
    .returning('key')
    .executeTakeFirst();
  if (written) return;
  const before = await findAnswer(trx, scope, key);
  if (before?.content === content) throw new AnsweredBefore(before);
  throw keyConflict();
}
