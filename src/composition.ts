/** Everything constructed once, by name. No decisions about business in here. */
import { createHash, randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { Logger } from 'pino';
import { createSharpReader } from './adapters/image/sharp.ts';
import {
  measuredColors,
  measuredReader,
  measuredStore,
  measuredTagging,
} from './adapters/metrics/measured.ts';
import { createMeter, type Meter } from './adapters/metrics/meter.ts';
import { createNoOriginals } from './adapters/originals/none.ts';
import { createMemoryQueue } from './adapters/queue/memory.ts';
import { createBossQueue } from './adapters/queue/pg-boss.ts';
import { queueConstruction } from './adapters/queue/tables.ts';
import { createMemoryStore } from './adapters/store/memory.ts';
import { createMemoryFetchedImages } from './adapters/store/memory-fetched-images.ts';
import { createMemoryMeanings } from './adapters/store/memory-meanings.ts';
import { createMemoryOperations } from './adapters/store/memory-operations.ts';
import { createMemoryTextVectors } from './adapters/store/memory-text-vectors.ts';
import { createPgliteStore } from './adapters/store/pglite.ts';
import { createPostgresStore } from './adapters/store/postgres.ts';
import { createStoreTransfer } from './adapters/store/transfer/transfer.ts';
import { createFileTaxonomySource } from './adapters/taxonomy/files.ts';
import { createAcceptTagging } from './application/accept-tagging.ts';
import { perModel } from './application/awaiting-model.ts';
import { createDeleteProduct } from './application/delete-product.ts';
import { createDescribeModel } from './application/describe-model.ts';
import { createListProducts } from './application/list-products.ts';
import type { Store, TaxonomySource } from './application/ports.ts';
import type { TextVectors } from './application/ports-clip.ts';
import type { Meanings } from './application/ports-meaning.ts';
import type { Originals } from './application/ports-originals.ts';
import type { StoreTransfer } from './application/ports-transfer.ts';
import type { RememberedPictures } from './application/ports-web.ts';
import type { Operations, WorkQueue } from './application/ports-work.ts';
import { createReadHistory } from './application/read-history.ts';
import { createReadImages } from './application/read-image.ts';
import { createReadOperation } from './application/read-operation.ts';
import { createReadTags } from './application/read-tags.ts';
import { createRemoveOriginals, type RemoveOriginals } from './application/remove-originals.ts';
import { repeat } from './application/repeat.ts';
import { createAskOnce } from './application/repeatable-calls.ts';
import { createReviewTags } from './application/review-tags.ts';
import { createRunOperation, maxAttempts } from './application/run-operation.ts';
import { createRunTagging, type RunTagging } from './application/run-tagging.ts';
import { createSweepOriginals } from './application/sweep-originals.ts';
import { createTagProduct } from './application/tag-product.ts';
import type { Services } from './application/tag-request.ts';
import { openFetching } from './composition-fetching.ts';
import { openMeaning } from './composition-meaning.ts';
import { absentModel, type Models, type OpenedModel } from './composition-opened.ts';
import { openOriginals } from './composition-originals.ts';
import type { Config } from './config.ts';
import { measureColors } from './domain/color/measure.ts';
import { HangtagError } from './domain/errors.ts';
import type { WorkerNeeds } from './worker/tagging-worker.ts';

export interface Composition {
  readonly services: Services;
  readonly meter: Meter;
  /** Where accepted work comes from, and what does a piece of it. */
  readonly work: Pick<WorkerNeeds, 'queue' | 'runOperation'>;
  /** Releases everything, in the reverse order of construction. */
  close(): Promise<void>;
}

const clock = () => new Date().toISOString();
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** What lasts: TagSets, accepted work, and the queue that hands it out. */
interface Ground {
  readonly store: Store;
  readonly textVectors: TextVectors;
  readonly meanings: Meanings;
  readonly fetchedImages: RememberedPictures;
  readonly operations: Operations;
  readonly queue: WorkQueue;
}

interface Assembly extends Composition {
  readonly removeOriginals: RemoveOriginals;
  readonly models: Models;
}

/** The service: everything durable. */
export async function compose(config: Config, log: Logger): Promise<Composition> {
  const originals = await openOriginals(config);
  const meter = createMeter({ process: true });
  const ground = await openGround(config, log, meter);
  const composition = await assemble(config, log, ground, originals, meter);
  if (config.IMAGE_STORE === 'none') return composition;
  const sweep = createSweepOriginals({
    store: ground.store,
    originals,
    log,
    remove: composition.removeOriginals,
  });
  const failed = (err: unknown) => log.warn({ err }, 'sweeping originals failed; it is tried again');
  const stops = [
    repeat(sweep.marked, { firstMs: 5_000, everyMs: 5 * 60_000, failed }),
    repeat(sweep.leftovers, { firstMs: 5_000, everyMs: 6 * 3_600_000, failed }),
  ];
  return {
    ...composition,
    async close() {
      await Promise.all(stops.map((stop) => stop()));
      await composition.close();
    },
  };
}

/** For commands that only answer: the same model and the same decisions, nothing on disk. */
export async function composeOffline(config: Config, log: Logger): Promise<Composition> {
  const { queue, enqueue } = createMemoryQueue();
  const operations = createMemoryOperations({ clock, enqueue });
  const textVectors = createMemoryTextVectors();
  const fetchedImages = createMemoryFetchedImages();
  const meanings = createMemoryMeanings({ clock });
  const store = createMemoryStore({ clock });
  const ground = { store, textVectors, meanings, fetchedImages, operations, queue };
  const composition = await assemble(config, log, ground, createNoOriginals(), createMeter(), false);
  await composition.models.ready().catch(async (error) => {
    await composition.close();
    throw error;
  });
  return composition;
}

/** For commands that move the store while no service runs on it. */
export function storeTransfer(config: Config, log: Logger): StoreTransfer {
  return createStoreTransfer({
    dataDir: config.dataDir,
    databaseUrl: config.DATABASE_URL ?? null,
    durability: config.DURABILITY,
    log,
    queueConstruction,
  });
}

export function taxonomySource(config: Config): TaxonomySource {
  return createFileTaxonomySource({
    directory: config.taxonomyDir,
    calibrationDirectory: config.calibrationDir,
  });
}

async function assemble(
  config: Config,
  log: Logger,
  { store: plainStore, textVectors: vectors, meanings, fetchedImages, operations, queue }: Ground,
  originals: Originals,
  meter: Meter,
  patient = true,
): Promise<Assembly> {
  const store = measuredStore(plainStore, meter);
  const source = taxonomySource(config);
  const meaning = await openMeaning({ config, log, meter, source, meanings, vectors, patient });
  const { models, taxonomy, taxonomies, calibrations } = meaning;
  const reader = measuredReader(
    createSharpReader({ concurrency: availableParallelism(), watch: meter.decodeQueue }),
    meter,
  );
  const { fetchPictures, close: closeFetching } = openFetching(config, {
    remembered: fetchedImages,
    store,
    hash: sha256,
  });
  const colors = measuredColors(measureColors, meter);
  const taggingWith = ({ model, meaning, loadProfile }: OpenedModel) => {
    const readImages = createReadImages({ reader, model, store, hash: sha256, colors });
    return createRunTagging({
      meaning,
      loadProfile,
      model,
      fetchPictures,
      readImages,
      store,
      originals,
      clock,
    });
  };
  const bound = perModel(models, (opened: OpenedModel) => {
    const { session, ...needs } = opened;
    const run: RunTagging = session ? (...args) => taggingWith(session())(...args) : taggingWith(opened);
    return {
      runTagging: measuredTagging(run, meter),
      reviewTags: createReviewTags({ ...needs, store, clock }),
      describeModel: createDescribeModel(needs),
    };
  });
  const runTagging: RunTagging = async (...args) => bound().runTagging(...args);
  const reviewWithoutModel: Services['reviewTags'] = async (...args) =>
    createReviewTags({ ...absentModel(taxonomy(), models), store, clock })(...args);
  const askOnce = createAskOnce({ store });
  meter.workWaiting(() => queue.depth());
  const removeOriginals = createRemoveOriginals({ store, originals, log });
  return {
    services: {
      taxonomy,
      taxonomies,
      calibrations,
      tagProduct: createTagProduct({ runTagging, askOnce, store, hash: sha256 }),
      acceptTagging: createAcceptTagging({
        operations,
        queue,
        store,
        askOnce,
        hash: sha256,
        newId: randomUUID,
      }),
      readOperation: createReadOperation(operations),
      readTags: createReadTags({ store }),
      // What people say is written whether or not the model is there.
      reviewTags: (...args) => (models.reason() === null ? bound().reviewTags : reviewWithoutModel)(...args),
      readHistory: createReadHistory({ store }),
      listProducts: createListProducts({ taxonomy, store }),
      deleteProduct: createDeleteProduct({ store, removeOriginals, log }),
      describeModel: () => bound().describeModel(),
      // A model in this process has inferred once before it counted as open.
      readiness: async () => {
        const [kept, pictures] = await Promise.all([reason(store.ping()), reason(originals.ping())]);
        const captions = meaning.captions();
        return {
          checks: { model: models.away(), store: kept, originals: pictures },
          captions: captions && { known: captions.texts, total: captions.ofTexts },
        };
      },
    },
    meter,
    removeOriginals,
    models,
    work: {
      queue,
      runOperation: createRunOperation({
        operations,
        runTagging,
        ingestEvent: async () => {
          throw new HangtagError('feature.unsupported', 'Catalog events are not supported yet.');
        },
        model: models,
        timeoutMs: config.REQUEST_TIMEOUT_MS,
        onUnexpected: (error, operationId) => log.error({ err: error, operationId }, 'unexpected error'),
      }),
    },
    async close() {
      // Where a worker ran, it has stopped the queue already.
      await queue.stop(0);
      await closeFetching();
      await meaning.close();
      await store.close();
    },
  };
}

async function openGround(config: Config, log: Logger, meter: Meter): Promise<Ground> {
  const store = config.DATABASE_URL
    ? await createPostgresStore({
        url: config.DATABASE_URL,
        poolSize: config.DATABASE_POOL,
        log,
        watch: meter.databasePool,
      })
    : await createPgliteStore({
        directory: path.join(config.dataDir, 'database'),
        durability: config.DURABILITY,
        log,
      });
  const alone = config.DATABASE_URL === undefined;
  const { queue, enqueue } = await createBossQueue({
    execute: store.execute,
    alone,
    attempts: maxAttempts,
    attemptMs: config.REQUEST_TIMEOUT_MS,
    log,
  });
  const { textVectors, meanings, fetchedImages } = store;
  return { store, textVectors, meanings, fetchedImages, operations: store.operations(enqueue), queue };
}

function reason(check: Promise<void>): Promise<string | null> {
  return check.then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : 'failed'),
  );
}
