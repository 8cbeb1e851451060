/** Everything constructed once, by name. No decisions about business in here. */
import { createHash, randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
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
import { createFileTaxonomySource } from './adapters/taxonomy/files.ts';
import { createAcceptTagging } from './application/accept-tagging.ts';
import { perModel } from './application/awaiting-model.ts';
import { createDeleteProduct } from './application/delete-product.ts';
import { createDescribeModel } from './application/describe-model.ts';
import { createIngestEvent, type IngestEvent } from './application/ingest-event.ts';
import { createListProducts } from './application/list-products.ts';
import type { TaxonomySource } from './application/ports.ts';
import type { Originals } from './application/ports-originals.ts';
import { createLiveRequests } from './application/quiet-moment.ts';
import { createReadHistory } from './application/read-history.ts';
import { createReadImages } from './application/read-image.ts';
import { createReadOperation } from './application/read-operation.ts';
import { createReadTags } from './application/read-tags.ts';
import { createRemoveOriginals, type RemoveOriginals } from './application/remove-originals.ts';
import { createAskOnce } from './application/repeatable-calls.ts';
import { createRetryFailure } from './application/retry-failure.ts';
import { createReviewTags } from './application/review-tags.ts';
import { createRunOperation } from './application/run-operation.ts';
import { createRunTagging, type RunTagging } from './application/run-tagging.ts';
import { createTagProduct } from './application/tag-product.ts';
import type { Services } from './application/tag-request.ts';
import { type Outgoing, openOutgoing } from './composition-delivery.ts';
import { forgetInTime, openEvents } from './composition-events.ts';
import { openFetching } from './composition-fetching.ts';
import { type Ground, groundInMemory, openGround } from './composition-ground.ts';
import { openImports } from './composition-imports.ts';
import { openMeaning } from './composition-meaning.ts';
import { absentModel, type Models, type OpenedModel } from './composition-opened.ts';
import { openOriginals, sweepOriginals } from './composition-originals.ts';
import { createReadiness } from './composition-readiness.ts';
import type { Config } from './config.ts';
import { measureColors } from './domain/color/measure.ts';
import type { WorkerNeeds } from './worker/tagging-worker.ts';

export { storeTransfer } from './composition-transfer.ts';

export interface Composition {
  readonly services: Services;
  readonly meter: Meter;
  /** Where accepted work comes from, and what does a piece of it. */
  readonly work: Omit<WorkerNeeds, 'concurrency'> & Pick<Outgoing, 'startDelivering'>;
  /** Releases everything, in the reverse order of construction. */
  close(): Promise<void>;
}

const clock = () => new Date().toISOString();
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

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
  const stops = [
    ...forgetInTime(config, ground, composition.removeOriginals, log),
    ...(config.IMAGE_STORE === 'none'
      ? []
      : sweepOriginals(ground.store, originals, composition.removeOriginals, log)),
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
  const ground = groundInMemory();
  const composition = await assemble(config, log, ground, createNoOriginals(), createMeter(), false);
  await composition.models.ready().catch(async (error) => {
    await composition.close();
    throw error;
  });
  return composition;
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
  ground: Ground,
  originals: Originals,
  meter: Meter,
  patient = true,
): Promise<Assembly> {
  const {
    catalog,
    received,
    textVectors: vectors,
    meanings,
    fetchedImages,
    operations,
    failures,
    queue,
    live,
  } = ground;
  const store = measuredStore(ground.store, meter);
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
    const needs = { meaning, loadProfile, model, fetchPictures, readImages, store, originals, clock };
    return { run: createRunTagging(needs), ingest: createIngestEvent({ ...needs, catalog }) };
  };
  const bound = perModel(models, (opened: OpenedModel) => {
    const { session, ...needs } = opened;
    const standing = session ? null : taggingWith(opened);
    const tagging = () => standing ?? taggingWith(session!());
    const run: RunTagging = (...args) => tagging().run(...args);
    const ingestEvent: IngestEvent = (...args) => tagging().ingest(...args);
    return {
      ingestEvent,
      runTagging: measuredTagging(run, meter),
      reviewTags: createReviewTags({ ...needs, store, clock }),
      describeModel: createDescribeModel(needs),
    };
  });
  const runTagging: RunTagging = async (...args) => bound().runTagging(...args);
  const reviewWithoutModel: Services['reviewTags'] = async (...args) =>
    createReviewTags({ ...absentModel(taxonomy(), models), store, clock })(...args);
  const askOnce = createAskOnce({ store });
  const { counted, busy, quiet } = createLiveRequests();
  meter.work({ waiting: () => queue.depth(), failed: () => failures.count() });
  const outgoing = openOutgoing(config, log, meter, ground.outgoing);
  const removeOriginals = createRemoveOriginals({ store, originals, log });
  const ingestEvent: IngestEvent = async (...args) => bound().ingestEvent(...args);
  const importing = await openImports(config, {
    imports: ground.imports,
    remembered: fetchedImages,
    store,
    queue,
    model: models,
    ingestEvent,
    quiet,
    meter,
    log,
    hash: sha256,
    newId: randomUUID,
  });
  return {
    services: {
      taxonomy,
      taxonomies,
      calibrations,
      outgoing: outgoing.services,
      tagProduct: counted(createTagProduct({ runTagging, askOnce, store, hash: sha256 })),
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
      imports: importing.calls,
      deleteProduct: createDeleteProduct({ store, removeOriginals, log }),
      listFailures: (...args) => failures.list(...args),
      retryFailure: createRetryFailure({ failures, queue }),
      ...openEvents(config, { taxonomy, catalog, received, queue, meter }),
      describeModel: () => bound().describeModel(),
      readiness: createReadiness({ store, originals, models, outgoing, captions: meaning.captions }),
    },
    meter,
    removeOriginals,
    models,
    work: {
      queue,
      busy,
      live,
      handlers: {
        operation: createRunOperation({
          operations,
          runTagging,
          ingestEvent,
          model: models,
          timeoutMs: config.REQUEST_TIMEOUT_MS,
          onUnexpected: (error, operationId) => log.error({ err: error, operationId }, 'unexpected error'),
        }),
        import: importing.runImport,
      },
      startDelivering: outgoing.startDelivering,
    },
    async close() {
      // Where a worker ran, it has stopped the queue already.
      await queue.stop(0);
      await outgoing.close();
      await importing.close();
      await closeFetching();
      await meaning.close();
      await store.close();
    },
  };
}
