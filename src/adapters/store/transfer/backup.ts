/**
 * The embedded database and the originals as one file.
 *
 * With the directory locked and no engine running, the database's files are at rest: together they are what a power cut
 * would have left, which the engine opens like after any other. So nothing is opened, and nothing changed, by a backup.
 * The file is written under another name, flushed, read again to the end, and only then gets its own.
 */
import { createReadStream } from 'node:fs';
import { link, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { BackupReport, TransferWatch } from '../../../application/ports-transfer.ts';
import { lockDirectory } from '../directory-lock.ts';
import type { StoreLog } from '../failures.ts';
import { flush } from '../flush-tree.ts';
import { type ArchiveFile, type ArchiveFolder, writeArchive } from './archive.ts';
import { readArchive } from './archive-reading.ts';

export interface BackupOptions {
  /** DATA_DIR, absolute. */
  readonly dataDir: string;
  readonly file: string;
  readonly log: StoreLog;
  readonly watch: TransferWatch;
  readonly signal: AbortSignal;
}

const readAtOnce = 1024 * 1024;

export async function backUp({ dataDir, file, log, watch, signal }: BackupOptions): Promise<BackupReport> {
  const target = path.resolve(file);
  const database = path.join(await realpath(dataDir).catch(() => dataDir), 'database');
  const originals = path.join(path.dirname(database), 'originals');
  for (const folder of [database, originals])
    if (`${target}${path.sep}`.startsWith(`${folder}${path.sep}`))
      throw new Error(`A backup cannot stand inside what it holds: ${folder}`);
  await readFile(path.join(database, 'PG_VERSION')).catch(() => {
    throw new Error(`There is no embedded database in ${dataDir}.`);
  });
  await requireAbsent(target);
  const lock = await lockDirectory(database, log);
  // No second backup of this directory runs beside this one, so what an earlier one left is overwritten.
  const draft = `${target}.unfinished`;
  try {
    const entries = [...(await list(database, 'database')), ...(await list(originals, 'originals'))];
    const total = entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size : 0), 0);
    watch.begin('backing up', 'bytes', total, 0);
    await writeArchive(draft, present(entries), watch.advance, signal);
    await flush(draft);
    const { size } = await stat(draft);
    watch.begin('checking', 'bytes', size, 0);
    await readArchive(draft, discard, watch.advance, signal);
    await publish(draft, target);
    const pictures = entries.filter(({ kind, name }) => kind === 'file' && name.startsWith('originals/'));
    return {
      originals: pictures.length,
      bytes: size,
      leftOut: await leftOut(path.dirname(database), target),
    };
  } finally {
    await rm(draft, { force: true });
    await lock.release();
  }
}

interface ListedFile extends ArchiveFile {
  readonly path: string;
}

/** Everything in a folder but unfinished uploads; nothing where there is none. A link inside would lead elsewhere. */
async function list(folder: string, prefix: string): Promise<(ArchiveFolder | ListedFile)[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const listed: (ArchiveFolder | ListedFile)[] = [];
  for (const entry of found) {
    const file = path.join(entry.parentPath, entry.name);
    const name = path.posix.join(prefix, ...path.relative(folder, file).split(path.sep));
    if (name.startsWith('originals/drafts/')) continue;
    if (entry.isDirectory()) listed.push({ kind: 'folder', name });
    else if (entry.isFile())
      listed.push({
        kind: 'file',
        name,
        path: file,
        size: (await stat(file)).size,
        content: () => createReadStream(file, { highWaterMark: readAtOnce }),
      });
    else if (!entry.isSocket())
      throw new Error(`${file} is neither a file nor a folder: it cannot be backed up.`);
  }
  return listed;
}

/** Less the pictures that were deleted since they were listed, as a service on another database may do. */
async function* present(
  entries: readonly (ArchiveFolder | ListedFile)[],
): AsyncGenerator<ArchiveFolder | ArchiveFile> {
  for (const entry of entries) {
    const gone =
      entry.kind === 'file' &&
      entry.name.startsWith('originals/') &&
      !(await stat(entry.path).catch(() => null));
    if (!gone) yield entry;
  }
}

const discard = {
  async folder() {},
  async file(_: string, content: AsyncIterable<Uint8Array>) {
    for await (const _chunk of content);
  },
};

async function requireAbsent(target: string): Promise<void> {
  const there = await stat(target).catch(() => null);
  if (there) throw new Error(`${target} exists already, and a backup overwrites nothing.`);
}

/** A link refuses to replace a file, whoever made it meanwhile; file systems without links get a rename. */
async function publish(draft: string, target: string): Promise<void> {
  try {
    await link(draft, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') await requireAbsent(target);
    await requireAbsent(target);
    await rename(draft, target);
  }
  await flush(path.dirname(target));
}

async function leftOut(dataDir: string, target: string): Promise<readonly string[]> {
  const names = await readdir(dataDir);
  return names
    .filter((name) => !/^(database|originals)($|\.)/.test(name) && path.join(dataDir, name) !== target)
    .filter((name) => !target.startsWith(path.join(dataDir, name)))
    .sort();
}
