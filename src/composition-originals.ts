/** Where originals are kept, and what clears away those that nobody mentions. */
import path from 'node:path';
import type { Logger } from 'pino';
import { createFileOriginals } from './adapters/originals/files.ts';
import { createNoOriginals } from './adapters/originals/none.ts';
import type { Store } from './application/ports.ts';
import type { Originals } from './application/ports-originals.ts';
import type { RemoveOriginals } from './application/remove-originals.ts';
import { repeat, type Stop } from './application/repeat.ts';
import { createSweepOriginals } from './application/sweep-originals.ts';
import type { Config } from './config.ts';

/** The SDK for S3 is loaded only where it is used: that takes a while. */
export async function openOriginals({
  IMAGE_STORE: url,
  S3_ENDPOINT: endpoint,
  dataDir,
}: Config): Promise<Originals> {
  if (url === 'none') return createNoOriginals();
  if (url === 'files') return createFileOriginals({ directory: path.join(dataDir, 'originals') });
  const { createS3Originals } = await import('./adapters/originals/s3.ts');
  return createS3Originals({ url, endpoint });
}

/** Originals that nobody mentions any more. */
export function sweepOriginals(
  store: Store,
  originals: Originals,
  remove: RemoveOriginals,
  log: Logger,
): readonly Stop[] {
  const sweep = createSweepOriginals({ store, originals, log, remove });
  const failed = (err: unknown) => log.warn({ err }, 'sweeping originals failed; it is tried again');
  return [
    repeat(sweep.marked, { firstMs: 5_000, everyMs: 5 * 60_000, failed }),
    repeat(sweep.leftovers, { firstMs: 5_000, everyMs: 6 * 3_600_000, failed }),
  ];
}
