/** The Store over PostgreSQL's dialect: the same queries for the embedded database and for a server. */
import { type Kysely, sql } from 'kysely';
import type { Store } from '../../application/ports.ts';
import type { CatalogProducts, ReceivedEvents } from '../../application/ports-catalog.ts';
import type { TextVectors } from '../../application/ports-clip.ts';
import type { Failures } from '../../application/ports-failures.ts';
import type { Imports } from '../../application/ports-imports.ts';
import type { Meanings } from '../../application/ports-meaning.ts';
import type { OutgoingBooks } from '../../application/ports-outgoing.ts';
import type { RescoringStore } from '../../application/ports-rescoring.ts';
import type { RememberedPictures } from '../../application/ports-web.ts';
import type { EnqueueWithin, ExecuteSql, Operations, Workers } from '../../application/ports-work.ts';
import type { ColorShare, TagSet } from '../../domain/tagging/types.ts';
import { findAnswer } from './answered-calls.ts';
import { createSqlCatalogProducts } from './catalog-products.ts';
import { deleteProduct } from './delete-product.ts';
import { clearExpiredRegularly } from './expiry.ts';
import { createSqlFailures } from './failed-operations.ts';
import { type StoreLog, unavailable } from './failures.ts';
import { createSqlFetchedImages } from './fetched-images.ts';
import { createSqlImports } from './imports.ts';
import { listProducts } from './list-products.ts';
import { createSqlMeanings } from './meanings.ts';
import { createSqlOperations, executing } from './operations.ts';
import { createBell, createSqlOutgoing } from './outgoing.ts';
import { createSqlReceivedEvents } from './received-events.ts';
import { claimRemovals, mentionedPictures, pendingRemovals, settleRemovals } from './removals.ts';
import { createSqlRescoring } from './rescoring.ts';
import { bytesToVector, checkedProductId } from './rows.ts';
import { nextSequence } from './sequence.ts';
import type { Tables } from './tables.ts';
import { createSqlTextVectors } from './text-vectors.ts';
import { transacting } from './transactions.ts';
import { createSqlWorkers } from './workers.ts';
import { writeTags } from './write-tags.ts';

export interface SqlStoreNeeds {
  /** With its tables up to date. Closed together with the store. */
  readonly db: Kysely<Tables>;
  /** What to give back after the last query. */
  readonly release?: () => Promise<void>;
  readonly log: StoreLog;
}

/** The store, and what shares its database: accepted work, and the queue that hands it out. */
export interface SqlStore extends Store {
  readonly execute: ExecuteSql;
  /** Statements of others that last together, or not at all; run again as a whole where they lose a race. */
  transact<T>(work: (execute: ExecuteSql) => Promise<T>): Promise<T>;
  readonly workers: Workers;
  readonly textVectors: TextVectors;
  readonly fetchedImages: RememberedPictures;
  readonly catalog: CatalogProducts;
  readonly outgoing: OutgoingBooks;
  readonly meanings: Meanings;
  readonly rescoring: RescoringStore;
  operations(enqueue: EnqueueWithin): Operations;
  failures(enqueue: EnqueueWithin): Failures;
  receivedEvents(enqueue: EnqueueWithin): ReceivedEvents;
  /** `lanes`: jobs of one import that are worked side by side. */
  imports(enqueue: EnqueueWithin, lanes: number): Imports;
}

export function createSqlStore({ db, release, log }: SqlStoreNeeds): SqlStore {
  const stopClearing = clearExpiredRegularly(db, log);
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

  const guarded =
    <A extends unknown[], T>(call: (...args: A) => Promise<T>) =>
    (...args: A) =>
      whileOpen(() => call(...args));

  const texts = createSqlTextVectors(db);
  const fetched = createSqlFetchedImages(db);
  const workers = createSqlWorkers(db);
  const catalog = createSqlCatalogProducts(db);
  const events = createBell();
  const meanings = createSqlMeanings(db);
  const rescoring = createSqlRescoring(db);
  return {
    execute: guarded(executing(db)),
    transact: (work) => whileOpen(() => transacting(db, (trx) => work(executing(trx)))),
    workers: {
      beat: guarded(workers.beat),
      takeBack: guarded(workers.takeBack),
      leave: guarded(workers.leave),
    },

    textVectors: { find: guarded(texts.find), save: guarded(texts.save) },
    fetchedImages: { find: guarded(fetched.find), save: guarded(fetched.save) },
    rescoring: {
      readForRescoring: guarded(rescoring.readForRescoring),
      writeRescored: guarded(rescoring.writeRescored),
    },

    catalog: {
      tagsAt: guarded(catalog.tagsAt),
      fold: guarded(catalog.fold),
      find: guarded(catalog.find),
      withdraw: events.after(guarded(catalog.withdraw)),
      restore: events.after(guarded(catalog.restore)),
      forgetWithdrawn: guarded(catalog.forgetWithdrawn),
    },

    receivedEvents(enqueue) {
      const { accept, forget } = createSqlReceivedEvents(db, enqueue);
      return { accept: guarded(accept), forget: guarded(forget) };
    },
    outgoing: { ...createSqlOutgoing(db, guarded), onAnnounced: events.listen },

    meanings: {
      addTaxonomy: guarded(meanings.addTaxonomy),
      findTaxonomy: guarded(meanings.findTaxonomy),
      taxonomies: guarded(meanings.taxonomies),
      addCalibration: guarded(meanings.addCalibration),
      findCalibration: guarded(meanings.findCalibration),
      calibrations: guarded(meanings.calibrations),
      chosenCalibration: guarded(meanings.chosenCalibration),
      chooseCalibration: guarded(meanings.chooseCalibration),
      active: guarded(meanings.active),
      want: guarded(meanings.want),
      claim: guarded(meanings.claim),
      switchOver: guarded(meanings.switchOver),
      giveUp: guarded(meanings.giveUp),
      release: guarded(meanings.release),
    },

    operations(enqueue) {
      const { accept, find, begin, end, postpone, hold } = createSqlOperations(db, enqueue);
      return {
        accept: guarded(accept),
        find: guarded(find),
        begin: guarded(begin),
        end: events.after(guarded(end)),
        postpone: guarded(postpone),
        hold: guarded(hold),
      };
    },

    failures(enqueue) {
      const { list, retry, count } = createSqlFailures(db, enqueue);
      return { list: guarded(list), retry: guarded(retry), count: guarded(count) };
    },

    imports(enqueue, lanes) {
      const calls = createSqlImports(db, enqueue, lanes);
      const entries = Object.entries(calls).map(([name, call]) => [name, guarded(call)]);
      return Object.fromEntries(entries) as Imports;
    },

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

    saveTags: events.after((write) => whileOpen(() => writeTags(db, write))),

    nextSequence: () => whileOpen(() => nextSequence(db)),

    findAnswer: (scope, key) => whileOpen(() => findAnswer(db, scope, key)),

    findTags: (productId) =>
      whileOpen(async () => {
        const row = await db
          .selectFrom('products')
          .select('tag_set')
          .where('product_id', '=', checkedProductId(productId))
          .where('withdrawn_at', 'is', null)
          .executeTakeFirst();
        return row ? (row.tag_set as TagSet) : null;
      }),

    history: (productId, limit, before) =>
      whileOpen(async () => {
        const rows = await db
          .selectFrom('tag_history')
          .innerJoin('products', 'products.product_id', 'tag_history.product_id')
          .select(['tag_history.revision', 'tag_history.tag_set', 'cause', 'at'])
          .where('tag_history.product_id', '=', checkedProductId(productId))
          .where('withdrawn_at', 'is', null)
          .$if(before !== undefined, (query) => query.where('tag_history.revision', '<', before!))
          .orderBy('tag_history.revision', 'desc')
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

    deleteProduct: events.after((productId) => whileOpen(() => deleteProduct(db, productId))),

    identity: () =>
      whileOpen(async () => {
        const row = await db.selectFrom('identity').select('token').executeTakeFirstOrThrow();
        return row.token;
      }),
    mentionedPictures: (sha256s) => whileOpen(async () => [...(await mentionedPictures(db, sha256s))]),
    pendingRemovals: (limit) => whileOpen(() => pendingRemovals(db, limit)),
    claimRemovals: (...claim) => whileOpen(() => claimRemovals(db, ...claim)),
    settleRemovals: (ticket, sha256s) => whileOpen(() => settleRemovals(db, ticket, sha256s)),

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
        stopClearing();
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
