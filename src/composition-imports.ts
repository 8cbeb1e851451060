/** Imports: what receives them, what works them, and what looks after those that lost their process. */
import type { Logger } from 'pino';
import type { Meter } from './adapters/metrics/meter.ts';
import { createOpenText } from './adapters/web/open-text.ts';
import { createS3Images } from './adapters/web/s3-image.ts';
import { createImportCalls, type ImportCalls, noImports } from './application/import-calls.ts';
import { createImportPace } from './application/import-pace.ts';
import type { IngestEvent } from './application/ingest-event.ts';
import type { ContentHash, Store } from './application/ports.ts';
import type { Imports } from './application/ports-imports.ts';
import type { RememberedPictures } from './application/ports-web.ts';
import type { WorkQueue } from './application/ports-work.ts';
import { createReadImportSource } from './application/read-import-source.ts';
import { createReceiveImport } from './application/receive-import.ts';
import { repeat } from './application/repeat.ts';
import { createRunImport, type RunImport } from './application/run-import.ts';
import type { ModelPresence } from './application/run-operation.ts';
import { workersOf } from './composition-places.ts';
import type { Config } from './config.ts';

/** Jobs of one import side by side, and lines of each job. */
export const importLanes = 2;
const chunk = 16;

export interface Importing {
  readonly calls: ImportCalls;
  readonly runImport: RunImport;
  close(): Promise<void>;
}

export interface ImportingNeeds {
  /** Null where nothing lasts: then there are none. */
  readonly imports: Imports | null;
  readonly remembered: RememberedPictures;
  readonly store: Pick<Store, 'findTags'>;
  readonly queue: WorkQueue;
  readonly model: ModelPresence;
  readonly ingestEvent: IngestEvent;
  /** Resolves once callers who wait have had their turn. */
  readonly quiet: () => Promise<void>;
  readonly meter: Meter;
  readonly log: Logger;
  readonly hash: ContentHash;
  readonly newId: () => string;
}

export async function openImports(config: Config, needs: ImportingNeeds): Promise<Importing> {
  const { imports, remembered, store, queue, model, ingestEvent, quiet, meter, log, hash, newId } = needs;
  if (!imports) return { calls: noImports, runImport: async () => {}, close: async () => {} };
  const buckets = createS3Images({
    allowPrefixes: config.S3_ALLOW_PREFIXES ?? [],
    endpoint: config.S3_ENDPOINT,
  });
  const { openText, close: closeWeb } = createOpenText({
    allowOrigins: config.FETCH_ALLOW_ORIGINS ?? [],
    openObject: buckets.openObject,
  });
  const notify = () => queue.notify();
  const onUnexpected = (err: unknown, importId: string) =>
    log.error({ err, importId }, 'unexpected error in an import');
  const receiveImport = createReceiveImport({ imports, remembered, hash });
  const sources = createReadImportSource({ imports, receiveImport, openText, notify, onUnexpected });
  const concurrency = workersOf(config) + 1;
  const runImport = createRunImport({
    imports,
    ingestEvent,
    revisionOf: async (productId) => (await store.findTags(productId))?.revision ?? null,
    readSource: sources.readSource,
    model,
    quiet,
    pace: createImportPace(() => meter.recentInference(), concurrency * importLanes),
    chunk,
    concurrency,
    timeoutMs: config.REQUEST_TIMEOUT_MS,
    onOutcome: (outcome) => meter.importLine(outcome),
    onUnexpected,
  });
  meter.importsWaiting(() => imports.waiting());
  // On the embedded store whatever was begun has lost its process.
  if (config.DATABASE_URL === undefined) await imports.wake(true);
  const stopWaking = repeat(() => imports.wake(false), {
    firstMs: 30_000,
    everyMs: 60_000,
    failed: (err) => log.warn({ err }, 'looking after imports failed; it is tried again'),
  });
  return {
    calls: createImportCalls({ imports, receiveImport, newId, notify }),
    runImport,
    async close() {
      await stopWaking();
      await sources.close();
      await Promise.all([closeWeb(), buckets.close()]);
    },
  };
}
