/**
 * A backup's content back into an empty DATA_DIR.
 *
 * Everything is unpacked beside its place, compared with the checksums, flushed, and the database opened once. Only then
 * does it move: the pictures first, and last the database, whose name says that there is a store. Cut off anywhere
 * before, the same command starts anew; the lock keeps a service from starting meanwhile.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { BackupReport, TransferWatch } from '../../../application/ports-transfer.ts';
import { lockDirectory } from '../directory-lock.ts';
import type { StoreLog } from '../failures.ts';
import { flush, flushTree } from '../flush-tree.ts';
import { openEngine } from '../pglite.ts';
import { type ArchiveSink, readArchive } from './archive-reading.ts';

export interface RestoreOptions {
  /** DATA_DIR, absolute; created where missing. */
  readonly dataDir: string;
  readonly file: string;
  readonly durability: 'full' | 'relaxed';
  readonly log: StoreLog;
  readonly watch: TransferWatch;
  readonly signal: AbortSignal;
}

export async function restore(options: RestoreOptions): Promise<BackupReport> {
  const { file, durability, log } = options;
  const { size } = await stat(file).catch(() => {
    throw new Error(`There is no file ${file}.`);
  });
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = await realpath(options.dataDir);
  const database = path.join(dataDir, 'database');
  const originals = path.join(dataDir, 'originals');
  const lock = await lockDirectory(database, log);
  // Named like a first start that was cut off, so that a service which starts instead clears it away.
  const draft = path.join(dataDir, 'database.draft-restore');
  try {
    await requireEmpty(database, originals, draft);
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { mode: 0o700 });
    try {
      await unpack(draft, size, options);
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      throw error;
    }
    const pictures = await filesIn(path.join(draft, 'originals'));
    await moveFiles(path.join(draft, 'originals'), originals, pictures);
    if (durability === 'full' && pictures.length > 0) await flushTree(originals);
    await rm(database, { recursive: true, force: true });
    await rename(path.join(draft, 'database'), database);
    await flush(dataDir);
    await rm(draft, { recursive: true, force: true });
    return { originals: pictures.length, bytes: size, leftOut: [] };
  } finally {
    await lock.release();
  }
}

/** Whole, compared, opened once and flushed. */
async function unpack(draft: string, size: number, options: RestoreOptions): Promise<void> {
  const { file, durability, log, watch, signal } = options;
  watch.begin('restoring', 'bytes', size, 0);
  await readArchive(file, sinkInto(draft), watch.advance, signal);
  const { db, shutDown } = await openEngine({ directory: path.join(draft, 'database'), durability, log });
  await db.destroy();
  await shutDown();
  signal.throwIfAborted();
  if (durability === 'full') await flushTree(draft);
}

/** Pictures that stand there because an earlier restore was cut off while it moved them are the same ones. */
async function requireEmpty(database: string, originals: string, draft: string): Promise<void> {
  const interrupted = (await stat(draft).catch(() => null)) !== null;
  if ((await filesIn(database)).length > 0)
    throw new Error(`${database} holds a database. Restore into an empty DATA_DIR.`);
  if (!interrupted && (await filesIn(originals)).length > 0)
    throw new Error(`${originals} holds pictures. Restore into an empty DATA_DIR.`);
}

function sinkInto(draft: string): ArchiveSink {
  const place = (name: string) => {
    if (!/^(database|originals)(\/|$)/.test(name))
      throw new Error(`The backup holds something that does not belong there: ${name}`);
    return path.join(draft, ...name.split('/'));
  };
  return {
    async folder(name) {
      await mkdir(place(name), { recursive: true, mode: 0o700 });
    },
    async file(name, content) {
      const target = place(name);
      await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
      await pipeline(content, createWriteStream(target, { flags: 'wx', mode: 0o600 }));
    },
  };
}

async function moveFiles(from: string, to: string, files: readonly string[]): Promise<void> {
  for (const file of files) {
    await mkdir(path.dirname(path.join(to, file)), { recursive: true, mode: 0o700 });
    await rename(path.join(from, file), path.join(to, file));
  }
}

/** Paths inside the folder; none where there is no folder. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}
