/** What was written to files is on the disk afterwards, names included. */
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';

/** How many files are flushed at a time; a journalling file system merges what waits together. */
const flushesAtOnce = 16;

/** Everything in this folder, and the folder itself. */
export async function flushTree(root: string): Promise<void> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const next = paths.values();
  await Promise.all(
    Array.from({ length: flushesAtOnce }, async () => {
      for (const file of next) await flush(file);
    }),
  );
  await flush(root);
}

/** One file, or the names in one folder. */
export async function flush(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
