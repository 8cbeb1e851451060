/**
 * Uploaded bytes in a folder: `<first two hex digits>/<sha256>`, readable by the owner alone.
 * A file appears under its name only once its bytes are on the disk, so what can be read is whole.
 */
import { link, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Originals, StoredOriginal } from '../../application/ports-originals.ts';
import { checkedSha256, isSha256, ownerName, shardOf } from './content-key.ts';
import { absent, flush, publishDraft, sweepDrafts, translating } from './durable-draft.ts';

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
    await sweepDrafts(drafts);
  });

  const place = (sha256: string) => path.join(directory, shardOf(sha256), sha256);

  async function write(sha256: string, bytes: Uint8Array): Promise<void> {
    const target = place(sha256);
    const present = await stat(target).catch(absent);
    if (present?.isFile() && present.size === bytes.byteLength) return;
    await publishDraft(drafts, bytes, async (draft) => {
      const shard = path.dirname(target);
      const created = await mkdir(shard, { recursive: true, mode: 0o700 });
      await rename(draft, target);
      await flush(shard);
      if (created !== undefined) await flush(directory);
    });
  }

  /** Ascending, from this shard and name on. */
  async function* stored(from: string): AsyncGenerator<StoredOriginal> {
    const shards = (await readdir(directory)).filter((name) => /^[0-9a-f]{2}$/.test(name)).sort();
    for (const shard of shards.filter((name) => name >= shardOf(from))) {
      const names = (await readdir(path.join(directory, shard)).catch(absent)) ?? [];
      for (const sha256 of names.sort()) {
        if (!isSha256(sha256) || shardOf(sha256) !== shard || sha256 < from) continue;
        const found = await stat(place(sha256)).catch(absent);
        if (found?.isFile()) yield { sha256, writtenAt: found.mtimeMs };
      }
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
    async list(from, limit) {
      return translating(async () => {
        const items: StoredOriginal[] = [];
        for await (const item of stored(from ?? '')) {
          if (items.length === limit) return { items, next: item.sha256 };
          items.push(item);
        }
        return { items, next: null };
      });
    },
    async own(owner) {
      return translating(async () => {
        const target = path.join(directory, ownerName);
        const standing = await readFile(target, 'utf8').catch(absent);
        if (standing !== null || owner === null) return standing?.trim() ?? null;
        // A link never replaces what another process wrote meanwhile.
        await publishDraft(drafts, Buffer.from(`${owner}\n`), async (draft) => {
          await link(draft, target).catch(present);
          await flush(directory);
        });
        return (await readFile(target, 'utf8')).trim();
      });
    },
    async ping() {
      await translating(() => publishDraft(drafts, Buffer.from('ping'), async () => {}));
    },
  };
}

function present(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
}
