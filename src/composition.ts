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
import { createMemoryStore } from './adapters/store/memory.ts';
import { createMemoryOperations } from './adapters/store/memory-operations.ts';
import { createPgliteStore } from './adapters/store/pglite.ts';
import { createPostgresStore } from './adapters/store/postgres.ts';
import { createFileTaxonomySource } from './adapters/taxonomy/files.ts';
import { createAcceptTagging } from './application/accept-tagging.ts';
import { createDeleteProduct } from './application/delete-product.ts';
import { createDescribeModel } from './application/describe-model.ts';
import { createListProducts } from './application/list-products.ts';
import type { Originals, Store, TaxonomySource } from './application/ports.ts';
import type { Operations, WorkQueue } from './application/ports-work.ts';
import { createReadHistory } from './application/read-history.ts';
import { createReadImages } from './application/read-image.ts';
import { createReadOperation } from './application/read-operation.ts';
import { createReadTags } from './application/read-tags.ts';
import { createAskOnce } from './application/repeatable-calls.ts';
import { createReviewTags } from './application/review-tags.ts';
import { createRunOperation, maxAttempts } from './application/run-operation.ts';
import { createRunTagging } from './application/run-tagging.ts';
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
  const ground = await openGround(config, log);
  const originals =
    config.IMAGE_STORE === 'none'
      ? createNoOriginals()
      : await createFileOriginals({ directory: path.join(config.dataDir, 'originals') });
  return assemble(config, log, ground, originals, createMeter({ process: true }));
}

/** For commands that only answer: the same model and the same decisions, nothing on disk. */
export function composeOffline(config: Config, log: Logger): Promise<Composition> {
  const { queue, enqueue } = createMemoryQueue();
  const operations = createMemoryOperations({ clock, enqueue });
  const ground = { store: createMemoryStore({ clock }), operations, queue };
  return assemble(config, log, ground, createNoOriginals(), createMeter());
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
): Promise<Composition> {
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
  // The bundled model brings all its vectors.
  const loadProfile = async () => {};
  const meaning = { taxonomy, bank: await model.bank(taxonomy), calibration };
  const reader = measuredReader(
    createSharpReader({ concurrency: availableParallelism(), watch: meter.decodeQueue }),
    meter,
  );
  const colors = measuredColors(measureColors, meter);
  const readImages = createReadImages({ reader, model, store, hash: sha256, colors });
  const runTagging = measuredTagging(
    createRunTagging({ meaning, loadProfile, model, readImages, store, originals, clock }),
    meter,
  );
  const askOnce = createAskOnce({ store });
  meter.workWaiting(() => queue.depth());
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
      reviewTags: createReviewTags({ meaning, loadProfile, model, store, clock }),
      readHistory: createReadHistory({ store }),
      listProducts: createListProducts({ taxonomy, store }),
      deleteProduct: createDeleteProduct({ store, originals }),
      describeModel: createDescribeModel({ meaning, model }),
      // The model has inferred once before its pool counted as open, and the bank above is complete.
      readiness: async () => ({ model: null, store: await reason(store.ping()) }),
    },
    meter,
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
