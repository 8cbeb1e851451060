/** What lasts: TagSets, what shops say, accepted work, and the queue that hands it out. */
import path from 'node:path';
import type { Logger } from 'pino';
import type { Meter } from './adapters/metrics/meter.ts';
import { createMemoryQueue } from './adapters/queue/memory.ts';
import { createMemoryStore } from './adapters/store/memory.ts';
import { createMemoryFetchedImages } from './adapters/store/memory-fetched-images.ts';
import { createMemoryMeanings } from './adapters/store/memory-meanings.ts';
import { createMemoryOperations } from './adapters/store/memory-operations.ts';
import { noOutgoing } from './adapters/store/memory-outgoing.ts';
import { createMemoryTextVectors } from './adapters/store/memory-text-vectors.ts';
import { createPgliteStore } from './adapters/store/pglite.ts';
import { createPostgresStore } from './adapters/store/postgres.ts';
import type { Store } from './application/ports.ts';
import type { CatalogProducts, ReceivedEvents } from './application/ports-catalog.ts';
import type { TextVectors } from './application/ports-clip.ts';
import type { Failures } from './application/ports-failures.ts';
import type { Imports } from './application/ports-imports.ts';
import type { Meanings } from './application/ports-meaning.ts';
import type { OutgoingBooks } from './application/ports-outgoing.ts';
import type { RememberedPictures } from './application/ports-web.ts';
import type { Operations, WorkQueue } from './application/ports-work.ts';
import { noEvents } from './composition-events.ts';
import { importLanes } from './composition-imports.ts';
import { openWork } from './composition-work.ts';
import type { Config } from './config.ts';
import type { WorkerNeeds } from './worker/tagging-worker.ts';

const clock = () => new Date().toISOString();

export interface Ground {
  readonly store: Store;
  readonly catalog: CatalogProducts;
  readonly received: ReceivedEvents;
  readonly textVectors: TextVectors;
  readonly meanings: Meanings;
  readonly fetchedImages: RememberedPictures;
  readonly operations: Operations;
  readonly failures: Failures;
  /** Null where nothing lasts. */
  readonly imports: Imports | null;
  readonly queue: WorkQueue;
  readonly outgoing: OutgoingBooks;
  readonly live?: WorkerNeeds['live'];
}

/** Gone with the process: for commands that only answer. */
export function groundInMemory(): Ground {
  const { queue, enqueue } = createMemoryQueue();
  const { failures, ...operations } = createMemoryOperations({ clock, enqueue });
  const textVectors = createMemoryTextVectors();
  const fetchedImages = createMemoryFetchedImages();
  const store = createMemoryStore({ clock });
  const { catalog } = store;
  const meanings = createMemoryMeanings({ clock });
  const lasting = { store, catalog, received: noEvents, textVectors, meanings, fetchedImages };
  return { ...lasting, operations, failures, queue, outgoing: noOutgoing, imports: null };
}

/** In the embedded database, or on PostgreSQL. */
export async function openGround(config: Config, log: Logger, meter: Meter): Promise<Ground> {
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
  const { queue, enqueue, live } = await openWork(config, log, store);
  const { textVectors, meanings, fetchedImages, catalog, outgoing } = store;
  return {
    store,
    catalog,
    received: store.receivedEvents(enqueue),
    textVectors,
    meanings,
    fetchedImages,
    operations: store.operations(enqueue),
    failures: store.failures(enqueue),
    imports: store.imports(enqueue, importLanes),
    queue,
    outgoing,
    live,
  };
}
