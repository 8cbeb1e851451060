/** The Store over PostgreSQL's dialect: the same queries for the embedded database and for a server. */
import { type Kysely, sql } from 'kysely';
import type { Store } from '../../application/ports.ts';
import type { ColorShare, TagSet } from '../../domain/tagging/types.ts';
import { deleteProduct } from './delete-product.ts';
import { unavailable } from './failures.ts';
import { listProducts } from './list-products.ts';
import { bytesToVector, checkedProductId } from './rows.ts';
import type { Tables } from './tables.ts';
import { writeTags } from './write-tags.ts';

export interface SqlStoreNeeds {
  /** With its tables up to date. Closed together with the store. */
  readonly db: Kysely<Tables>;
  /** What to give back after the last query. */
  readonly release?: () => Promise<void>;
}

export function createSqlStore({ db, release }: SqlStoreNeeds): Store {
  const working = new Set<Promise<unknown>>();
  let closing: Promise<void> | null = null;
  let beating: Promise<void> | null = null;

  /** Refused once closing; until then, closing waits for it. */
  function whileOpen<T>(work: () => Promise<T>): Promise<T> {
    if (closing) return Promise.reject(unavailable('The store is closed.'));
    const running = work();
    const settled = running.catch(() => {}).finally(() => working.delete(settled));
    working.add(settled);
    return running;
  }

  return {
    findImages: (sha256s, model) =>
      whileOpen(async () => {
        if (sha256s.length === 0) return new Map();
        const rows = await db
          .selectFrom('images')
          .innerJoin('image_vectors', 'image_vectors.sha256', 'images.sha256')
          .select(['images.sha256', 'width', 'height', 'format', 'size', 'colors', 'vector'])
          .where('images.sha256', '=', sql<string>`any(${[...new Set(sha256s)]}::text[])`)
          .where('model', '=', model)
          .execute();
        return new Map(
          rows.map(({ colors, vector, ...facts }) => [
            facts.sha256,
            { facts, colors: colors as ColorShare[], vector: bytesToVector(vector) },
          ]),
        );
      }),

    saveTags: (write) => whileOpen(() => writeTags(db, write)),

    findTags: (productId) =>
      whileOpen(async () => {
        const row = await db
          .selectFrom('products')
          .select('tag_set')
          .where('product_id', '=', checkedProductId(productId))
          .executeTakeFirst();
        return row ? (row.tag_set as TagSet) : null;
      }),

    history: (productId, limit, before) =>
      whileOpen(async () => {
        const rows = await db
          .selectFrom('tag_history')
          .select(['revision', 'tag_set', 'cause', 'at'])
          .where('product_id', '=', checkedProductId(productId))
          .$if(before !== undefined, (query) => query.where('revision', '<', before!))
          .orderBy('revision', 'desc')
          .limit(limit)
          .execute();
        return rows.map(({ revision, tag_set, cause, at }) => ({
          revision,
          tagSet: tag_set as TagSet,
          cause,
          at: at.toISOString(),
        }));
      }),

    list: (query) => whileOpen(() => listProducts(db, query)),

    deleteProduct: (productId) => whileOpen(() => deleteProduct(db, productId)),

    // A committed write, so that a standby, a full disk or a failing one shows. Checks that overlap share one.
    ping: () =>
      whileOpen(() => {
        beating ??= beat(db).finally(() => {
          beating = null;
        });
        return beating;
      }),

    close() {
      closing ??= (async () => {
        await Promise.all(working);
        await db.destroy();
        await release?.();
      })();
      return closing;
    },
  };
}

/** A committed write, of no other use. */
export async function beat(db: Kysely<Tables>): Promise<void> {
  const now = sql<Date>`now()`;
  await db
    .insertInto('heartbeat')
    .values({ id: 1, at: now })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ at: now }))
    .execute();
}
