/** Everything constructed once, by name. No decisions about business in here. */
import { createHash, randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { Logger } from 'pino';
import { createSharpReader } from './adapters/image/sharp.ts';
import { createBundledModel } from './adapters/inference/bundled.ts';
import {
  measuredColors,
  measuredModel,
  measuredReader,
  measuredStore,
  measuredTagging,
} from './adapters/metrics/measured.ts';
import { createMeter, type Meter } from './adapters/metrics/meter.ts';
import { createFileOriginals } from './adapters/originals/files.ts';
import { createNoOriginals } from './adapters/originals/none.ts';
import { createMemoryQueue } from './adapters/queue/memory.ts';
import { createBossQueue } from './adapters/queue/pg-boss.ts';
import { queueConstruction } from './adapters/queue/tables.ts';
import { createMemoryStore } from './adapters/store/memory.ts';
import { createMemoryOperations } from './adapters/store/memory-operations.ts';
import { createPgliteStore } from './adapters/store/pglite.ts';
import { createPostgresStore } from './adapters/store/postgres.ts';
import { createStoreTransfer } from './adapters/store/transfer/transfer.ts';
import { createFileTaxonomySource } from './adapters/taxonomy/files.ts';
import { createAcceptTagging } from './application/accept-tagging.ts';
import { createDeleteProduct } from './application/delete-product.ts';
import { createDescribeModel } from './application/describe-model.ts';
import { createListProducts } from './application/list-products.ts';
import type { Store, TaxonomySource } from './application/ports.ts';
import type { Originals } from './application/ports-originals.ts';
import type { StoreTransfer } from './application/ports-transfer.ts';
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
import { createRunTagging } from './application/run-tagging.ts';
import { createSweepOriginals } from './application/sweep-originals.ts';
import { createTagProduct } from './application/tag-product.ts';
import type { Services } from './application/tag-request.ts';
import type { Config } from './config.ts';
import { measureColors } from './domain/color/measure.ts';
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
  readonly operations: Operations;
  readonly queue: WorkQueue;
}

/** The service: everything durable. */
export async function compose(config: Config, log: Logger): Promise<Composition> {
  const originals = await openOriginals(config);
  const ground = await openGround(config, log);
  const composition = await assemble(config, log, ground, originals, createMeter({ process: true }));
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
export function composeOffline(config: Config, log: Logger): Promise<Composition> {
  const { queue, enqueue } = createMemoryQueue();
  const operations = createMemoryOperations({ clock, enqueue });
  const ground = { store: createMemoryStore({ clock }), operations, queue };
  return assemble(config, log, ground, createNoOriginals(), createMeter());
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
  { store: plainStore, operations, queue }: Ground,
  originals: Originals,
  meter: Meter,
): Promise<Composition & { readonly removeOriginals: RemoveOriginals }> {
  const store = measuredStore(plainStore, meter);
  const source = taxonomySource(config);
  const taxonomy = await source.load();
  const plainModel = await createBundledModel({
    directory: config.modelDir,
    workers: config.INFERENCE_WORKERS ?? Math.max(1, availableParallelism() - 1),
    limits: {
      maxBatch: 4,
      maxWaiting: 256,
      maxWaitingBytes: 64 * 2 ** 20,
      deadlineMs: config.INFERENCE_TIMEOUT_MS,
    },
    watch: meter.inferenceQueue,
  });
  const model = measuredModel(plainModel, meter);
  const calibration = await source.calibration(model.card.id, taxonomy);
  const meaning = { taxonomy, bank: await model.bank(taxonomy), calibration };
  const reader = measuredReader(
    createSharpReader({ concurrency: availableParallelism(), watch: meter.decodeQueue }),
    meter,
  );
  const colors = measuredColors(measureColors, meter);
  const readImages = createReadImages({ reader, model, store, hash: sha256, colors });
  const runTagging = measuredTagging(
    createRunTagging({ meaning, model, readImages, store, originals, clock }),
    meter,
  );
  const askOnce = createAskOnce({ store });
  meter.workWaiting(() => queue.depth());
  const removeOriginals = createRemoveOriginals({ store, originals, log });
  log.info(
    {
      model: `${model.card.id}@${model.card.fingerprint}`,
      taxonomy: `${taxonomy.id}@${taxonomy.version}`,
      calibration: calibration?.id ?? null,
    },
    'model and taxonomy are ready',
  );
  return {
    services: {
      taxonomy,
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
      reviewTags: createReviewTags({ meaning, model, store, clock }),
      readHistory: createReadHistory({ store }),
      listProducts: createListProducts({ taxonomy, store }),
      deleteProduct: createDeleteProduct({ store, removeOriginals, log }),
      describeModel: createDescribeModel({ meaning, model }),
      // The model has inferred once before its pool counted as open, and the bank above is complete.
      readiness: async () => {
        const [kept, pictures] = await Promise.all([reason(store.ping()), reason(originals.ping())]);
        return { model: null, store: kept, originals: pictures };
      },
    },
    meter,
    removeOriginals,
    work: {
      queue,
      runOperation: createRunOperation({
        operations,
        runTagging,
        timeoutMs: config.REQUEST_TIMEOUT_MS,
        onUnexpected: (error, operationId) => log.error({ err: error, operationId }, 'unexpected error'),
      }),
    },
    async close() {
      await model.close();
      await store.close();
    },
  };
}

/** The SDK for S3 is loaded only where it is used: that takes a while. */
async function openOriginals({
  IMAGE_STORE: url,
  S3_ENDPOINT: endpoint,
  dataDir,
}: Config): Promise<Originals> {
  if (url === 'none') return createNoOriginals();
  if (url === 'files') return createFileOriginals({ directory: path.join(dataDir, 'originals') });
  const { createS3Originals } = await import('./adapters/originals/s3.ts');
  return createS3Originals({ url, endpoint });
}

async function openGround(config: Config, log: Logger): Promise<Ground> {
  const store = config.DATABASE_URL
    ? await createPostgresStore({ url: config.DATABASE_URL, poolSize: config.DATABASE_POOL, log })
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
  return { store, operations: store.operations(enqueue), queue };
}

function reason(check: Promise<void>): Promise<string | null> {
  return check.then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : 'failed'),
  );
}
