/** Where originals are kept. */
import path from 'node:path';
import { createFileOriginals } from './adapters/originals/files.ts';
import { createNoOriginals } from './adapters/originals/none.ts';
import type { Originals } from './application/ports-originals.ts';
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
