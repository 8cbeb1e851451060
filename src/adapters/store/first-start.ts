/**
 * Creates the embedded database's directory, once, whole or not at all.
 *
 * Creating takes 800 MB for a few seconds, which this process would keep; so a short-lived child does it. The child
 * works in a draft beside the directory, every file of which is flushed before the draft takes its name. A crash on
 * the way leaves a draft, which the next start clears away. Call with the directory's lock held.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import type { StoreLog } from './failures.ts';
import { flush, flushTree } from './flush-tree.ts';

const run = promisify(execFile);
const program = `const [, url, directory] = process.argv;
const { PGlite } = await import(url);
const database = await PGlite.create({ dataDir: directory });
await database.close();`;

export async function createIfMissing(directory: string, durable: boolean, log: StoreLog): Promise<void> {
  const parent = path.dirname(directory);
  const prefix = `${path.basename(directory)}.draft-`;
  for (const name of await readdir(parent)) {
    if (name.startsWith(prefix))
      await rm(path.join(parent, name), { recursive: true, force: true, maxRetries: 3 });
  }
  const present = await readdir(directory).catch(() => [] as string[]);
  if (present.includes('PG_VERSION')) return;
  if (present.length > 0) {
    throw new Error(`${directory} is not empty and holds no database. Point DATA_DIR somewhere else.`);
  }
  const began = Date.now();
  const draft = path.join(parent, `${prefix}${randomBytes(6).toString('hex')}`);
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  await run(process.execPath, ['--input-type=module', '--eval', program, entry, draft], { timeout: 120_000 });
  if (durable) await flushTree(draft);
  await rename(draft, directory);
  if (durable) await flush(parent);
  log.info({ directory, ms: Date.now() - began }, 'created the embedded database');
}
