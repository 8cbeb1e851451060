/** Accepted work in the store's own database: one transaction accepts it, keeps its pictures and puts it in the queue. */
import { CompiledQuery, type Kysely, sql, type Transaction } from 'kysely';
import type {
  AcceptedEvent,
  AcceptedTagging,
  EnqueueWithin,
  ExecuteSql,
  Fault,
  Operation,
  Operations,
  WorkSource,
} from '../../application/ports-work.ts';
import type { CatalogEvent } from '../../domain/events/catalog-event.ts';
import { productTagFailed } from '../../domain/events/outgoing.ts';
import { announce } from './announce.ts';
import { AnsweredBefore, rememberAnswer } from './answered-calls.ts';
import { readPictures, type StoredRequest, storedRequest, writePictures } from './operation-images.ts';
import { checkedProductId } from './rows.ts';
import type { Tables } from './tables.ts';
import { insisting, transacting } from './transactions.ts';

/** Statements of others, on this database or in this transaction. */
export function executing(db: Kysely<Tables>): ExecuteSql {
  const run = async (on: Kysely<Tables>, text: string, values: readonly unknown[]) => {
    const { rows } = await on.executeQuery<Record<string, unknown>>(CompiledQuery.raw(text, [...values]));
    return { rows };
  };
  return async (text, values = []) => {
    if (db.isTransaction) return run(db, text, values);
    return insisting(() =>
      db.connection().execute(async (session) => {
        try {
          return await run(session, text, values);
        } catch (error) {
          // A batch that begins a transaction leaves it open where it fails: the next caller would inherit it.
          if (/^\s*begin\b/i.test(text)) await sql`rollback`.execute(session).catch(() => {});
          throw error;
        }
      }),
    );
  };
}

export function createSqlOperations(db: Kysely<Tables>, enqueue: EnqueueWithin): Operations {
  const find = (id: string) => findOperation(db, id);
  return {
    async accept(tagging) {
      try {
        await transacting(db, (trx) => acceptOnce(trx, tagging, enqueue));
      } catch (error) {
        const before = error instanceof AnsweredBefore ? error.answer.operationId : null;
        const operation = before && (await find(before));
        if (operation) return operation;
        throw error;
      }
      const operation = await find(tagging.operationId);
      // Only a deletion of its product comes between.
      return operation ?? forgotten(tagging);
    },
    find,
    begin: (id) => transacting(db, (trx) => beginOnce(trx, id)),
    async end(id, outcome) {
      const failed = 'error' in outcome;
      await transacting(db, async (trx) => {
        if (failed) await announceFailure(trx, id, outcome.error);
        await trx
          .updateTable('operations')
          .set({
            state: failed ? 'failed' : 'done',
            revision: failed ? null : outcome.revision,
            error: failed ? JSON.stringify(outcome.error) : null,
            // What failed may be tried again, until it expires.
            ...(failed ? {} : { request: null }),
            updated_at: now,
          })
          .where('id', '=', id)
          .execute();
        if (!failed) await trx.deleteFrom('operation_images').where('operation_id', '=', id).execute();
      });
    },
    async postpone(id, error) {
      await transacting(db, async (trx) => {
        await trx
          .updateTable('operations')
          .set({ state: 'queued', error: JSON.stringify(error), updated_at: now })
          .where('id', '=', id)
          .where('state', '=', 'running')
          .execute();
      });
    },
    async hold(id, error, afterSeconds) {
      await transacting(db, async (trx) => {
        const held = await trx
          .updateTable('operations')
          .set({
            state: 'queued',
            attempts: sql<number>`attempts - (state = 'running')::int`,
            error: JSON.stringify(error),
            updated_at: now,
          })
          .where('id', '=', id)
          .where('state', 'in', ['queued', 'running'])
          .returning('source')
          .executeTakeFirst();
        if (held) await enqueue(executing(trx), [{ source: held.source as WorkSource, id }], afterSeconds);
      });
    },
  };
}

const now = sql<Date>`now()`;

/** Once for each operation, however often it is ended. */
async function announceFailure(trx: Transaction<Tables>, id: string, error: Fault): Promise<void> {
  const open = await trx
    .selectFrom('operations')
    .select(['product_id', 'source'])
    .where('id', '=', id)
    .where('state', 'in', ['queued', 'running'])
    .forUpdate()
    .executeTakeFirst();
  if (!open) return;
  const cause = open.source === 'requests' ? 'request' : 'webhook';
  await announce(trx, productTagFailed(open.product_id, id, cause, error));
}

async function acceptOnce(
  trx: Transaction<Tables>,
  { operationId, request, sequence, call }: AcceptedTagging,
  enqueue: EnqueueWithin,
): Promise<void> {
  const productId = checkedProductId(request.productId);
  await trx
    .insertInto('operations')
    .values({
      id: operationId,
      product_id: productId,
      sequence,
      request: JSON.stringify(storedRequest(request)),
    })
    .execute();
  await writePictures(trx, operationId, request.images);
  await enqueue(executing(trx), [{ source: 'requests', id: operationId }]);
  if (call) await rememberAnswer(trx, call, { productId, operationId });
}

async function beginOnce(trx: Transaction<Tables>, id: string) {
  const row = await trx
    .updateTable('operations')
    .set({ state: 'running', attempts: sql<number>`attempts + 1`, updated_at: now })
    .where('id', '=', id)
    .where('state', 'in', ['queued', 'running'])
    .returning(['source', 'request', 'sequence', 'attempts', 'created_at'])
    .executeTakeFirst();
  if (!row) return null;
  const { attempts } = row;
  const accepted = { operationId: id, sequence: Number(row.sequence) };
  const source = row.source as AcceptedEvent['source'] | 'requests';
  if (source !== 'requests') {
    const event = row.request as CatalogEvent;
    const receivedAt = row.created_at.toISOString();
    return {
      work: { kind: 'event' as const, accepted: { ...accepted, source, event, receivedAt } },
      attempts,
    };
  }
  const request = await readPictures(trx, id, row.request as StoredRequest);
  return { work: { kind: 'tagging' as const, tagging: { ...accepted, request, call: null } }, attempts };
}

export async function findOperation(db: Kysely<Tables>, id: string): Promise<Operation | null> {
  const row = await db
    .selectFrom('operations')
    .select(['product_id', 'state', 'revision', 'error', 'attempts', 'created_at', 'updated_at'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) return null;
  return {
    id,
    productId: row.product_id,
    state: row.state as Operation['state'],
    revision: row.revision,
    error: row.error as Fault | null,
    attempts: row.attempts,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

function forgotten({ operationId, request }: AcceptedTagging): Operation {
  const at = new Date().toISOString();
  const error: Fault = { code: 'product.not_found', detail: 'The product was deleted.' };
  const standing = {
    state: 'failed',
    revision: null,
    error,
    attempts: 0,
    createdAt: at,
    updatedAt: at,
  } as const;
  return { id: operationId, productId: request.productId, ...standing };
}
