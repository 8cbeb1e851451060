/** Everything constructed once, by name. No decisions about business in here. */
import { createHash } from 'node:crypto';
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
import { queueConstruction } from './adapters/queue/tables.ts';
import { createMemoryStore } from './adapters/store/memory.ts';
import { createPgliteStore } from './adapters/store/pglite.ts';
import { createPostgresStore } from './adapters/store/postgres.ts';
import { createStoreTransfer } from './adapters/store/transfer/transfer.ts';
import { createFileTaxonomySource } from './adapters/taxonomy/files.ts';
import { createDeleteProduct } from './application/delete-product.ts';
import { createDescribeModel } from './application/describe-model.ts';
import { createListProducts } from './application/list-products.ts';
import type { Originals, Store, StoreTransfer, TaxonomySource } from './application/ports.ts';
import { createReadHistory } from './application/read-history.ts';
import { createReadImages } from './application/read-image.ts';
import { createReadTags } from './application/read-tags.ts';
import { createReviewTags } from './application/review-tags.ts';
import { createTagProduct } from './application/tag-product.ts';
import type { Services } from './application/tag-request.ts';
import type { Config } from './config.ts';
import { measureColors } from './domain/color/measure.ts';

export interface Composition {
  readonly services: Services;
  readonly meter: Meter;
  /** Releases everything, in the reverse order of construction. */
  close(): Promise<void>;
}

const clock = () => new Date().toISOString();
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** The service: everything durable. */
export async function compose(config: Config, log: Logger): Promise<Composition> {
  const store = await openStore(config, log);
  const originals =
    config.IMAGE_STORE === 'none'
      ? createNoOriginals()
      : await createFileOriginals({ directory: path.join(config.dataDir, 'originals') });
  return assemble(config, log, store, originals, createMeter({ process: true }));
}

/** For commands that only answer: the same model and the same decisions, nothing on disk. */
export function composeOffline(config: Config, log: Logger): Promise<Composition> {
  return assemble(config, log, createMemoryStore({ clock }), createNoOriginals(), createMeter());
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
  plainStore: Store,
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
  const meaning = { taxonomy, bank: await model.bank(taxonomy), calibration };
  const reader = measuredReader(
    createSharpReader({ concurrency: availableParallelism(), watch: meter.decodeQueue }),
    meter,
  );
  const colors = measuredColors(measureColors, meter);
  const readImages = createReadImages({ reader, model, store, hash: sha256, colors });
  const tagProduct = createTagProduct({ meaning, model, readImages, store, originals, clock });
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
      tagProduct: measuredTagging(tagProduct, meter),
      readTags: createReadTags({ store }),
      reviewTags: createReviewTags({ meaning, model, store, clock }),
      readHistory: createReadHistory({ store }),
      listProducts: createListProducts({ taxonomy, store }),
      deleteProduct: createDeleteProduct({ store, originals }),
      describeModel: createDescribeModel({ meaning, model }),
      // The model has inferred once before its pool counted as open, and the bank above is complete.
      readiness: async () => ({ model: null, store: await reason(store.ping()) }),
    },
    meter,
    async close() {
      await model.close();
      await store.close();
    },
  };
}

function openStore(config: Config, log: Logger): Promise<Store> {
  return config.DATABASE_URL
    ? createPostgresStore({ url: config.DATABASE_URL, poolSize: config.DATABASE_POOL, log })
    : createPgliteStore({
        directory: path.join(config.dataDir, 'database'),
        durability: config.DURABILITY,
        log,
      });
}

function reason(check: Promise<void>): Promise<string | null> {
  return check.then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : 'failed'),
  );
}
