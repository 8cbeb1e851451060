/**
 * Uploaded bytes in a folder: `<first two hex digits>/<sha256>`, readable by the owner alone.
 * A file appears under its name only once its bytes are on the disk, so what can be read is whole.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Originals } from '../../application/ports.ts';
import { HangtagError } from '../../domain/errors.ts';
import { checkedSha256 } from './content-key.ts';

/** A write takes seconds at most. What is older was left by a crash; younger ones may belong to another process. */
const abandonedAfterMs = 10 * 60_000;

export interface FileOriginalsOptions {
  /** Created where missing; several processes may share it. */
  readonly directory: string;
}

/** Clears away what a crash left, then resolves. Refuses with `store.unavailable` where the folder cannot be used. */
export async function createFileOriginals({ directory }: FileOriginalsOptions): Promise<Originals> {
  const drafts = path.join(directory, 'drafts');
  const writing = new Map<string, Promise<void>>();
  await translating(async () => {
    await mkdir(drafts, { recursive: true, mode: 0o700 });
    await sweep(drafts);
  });

  const place = (sha256: string) => path.join(directory, sha256.slice(0, 2), sha256);

  async function write(sha256: string, bytes: Uint8Array): Promise<void> {
    const target = place(sha256);
    const present = await stat(target).catch(absent);
    if (present?.isFile() && present.size === bytes.byteLength) return;
    const draft = path.join(drafts, randomUUID());
    try {
      const file = await open(draft, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      const shard = path.dirname(target);
      const created = await mkdir(shard, { recursive: true, mode: 0o700 });
      await rename(draft, target);
      await flush(shard);
      if (created !== undefined) await flush(directory);
    } catch (error) {
      await rm(draft, { force: true }).catch(() => {});
      throw error;
    }
  }

  return {
    async put(sha256, bytes) {
      checkedSha256(sha256);
      // The same picture twice at once: both wait for the one write, so neither resolves before it is durable.
      let work = writing.get(sha256);
      if (!work) {
        work = translating(() => write(sha256, bytes)).finally(() => writing.delete(sha256));
        writing.set(sha256, work);
      }
      await work;
    },
    async get(sha256) {
      checkedSha256(sha256);
      return translating(() => readFile(place(sha256)).catch(absent));
    },
    async delete(sha256) {
      checkedSha256(sha256);
      // A write of the same picture that is under way would bring it back.
      await writing.get(sha256)?.catch(() => {});
      await translating(async () => {
        const target = place(sha256);
        const gone = await rm(target).then(
          () => true,
          (error: unknown) => absent(error) !== null,
        );
        if (gone) await flush(path.dirname(target));
      });
    },
  };
}

async function sweep(drafts: string): Promise<void> {
  for (const name of await readdir(drafts)) {
    const draft = path.join(drafts, name);
    const found = await stat(draft).catch(absent);
    if (found && Date.now() - found.mtimeMs > abandonedAfterMs) await rm(draft, { force: true });
  }
}

/** A new name is durable only once its folder is. */
async function flush(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function absent(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
  throw error;
}

/** A full, failing, read-only or forbidden disk, in our words. */
async function translating<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw new HangtagError('store.unavailable', 'The folder of original images cannot be used right now.', {
      cause: error,
      retryAfter: 10,
    });
  }
}
