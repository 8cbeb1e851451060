/** A file that appears under its name whole and flushed, or not at all; and names that are durable themselves. */
import { randomUUID } from 'node:crypto';
import { open, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { HangtagError } from '../../domain/errors.ts';

/** A write takes seconds at most. What is older was left by a crash; younger ones may belong to another process. */
const abandonedAfterMs = 10 * 60_000;

/** Writes the bytes to a new file in `drafts`, lets `publish` give it its name, and leaves no draft behind. */
export async function publishDraft(
  drafts: string,
  bytes: Uint8Array,
  publish: (draft: string) => Promise<void>,
): Promise<void> {
  const draft = path.join(drafts, randomUUID());
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await publish(draft);
  } finally {
    await rm(draft, { force: true }).catch(() => {});
  }
}

export async function sweepDrafts(drafts: string): Promise<void> {
  for (const name of await readdir(drafts)) {
    const draft = path.join(drafts, name);
    const found = await stat(draft).catch(absent);
    if (found && Date.now() - found.mtimeMs > abandonedAfterMs) await rm(draft, { force: true });
  }
}

/** A new name is durable only once its folder is. */
export async function flush(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function absent(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
  throw error;
}

/** A full, failing, read-only or forbidden disk, in our words. */
export async function translating<T>(work: () => Promise<T>): Promise<T> {
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
