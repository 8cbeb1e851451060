/**
 * Pictures first, then the tags that rest on them: a product that stands has its originals. Where an original is being
 * removed at the same moment, the tagging waits for the end of it and writes the bytes anew (`sweep-originals.ts`).
 */
import { HangtagError } from '../domain/errors.ts';
import { RemovalsMet } from '../domain/originals/removal.ts';
import type { TagSet } from '../domain/tagging/types.ts';
import type { Store, TagWrite } from './ports.ts';
import type { Originals } from './ports-originals.ts';

export interface SaveWithOriginalsNeeds {
  readonly store: Pick<Store, 'saveTags'>;
  readonly originals: Originals;
  /** Waits this many milliseconds. */
  readonly pause?: (ms: number) => Promise<void>;
}

/** With the pauses between them, about four seconds. */
const attempts = 9;

/**
 * `contents`: the bytes of the pictures of the write; of one that is known they may be missing. `fresh`: those whose original may not be there yet.
 * Refuses with `store.unavailable`; then nothing is stored but, perhaps, originals that nobody mentions.
 */
export type SaveWithOriginals = (
  write: TagWrite,
  contents: ReadonlyMap<string, Uint8Array>,
  fresh: Iterable<string>,
) => Promise<TagSet>;

export function createSaveWithOriginals({
  store,
  originals,
  pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}: SaveWithOriginalsNeeds): SaveWithOriginals {
  return async (write, contents, fresh) => {
    const put = async (sha256s: Iterable<string>) => {
      const puts = [...new Set(sha256s)].map((sha256) => originals.put(sha256, bytesOf(contents, sha256)));
      // All are waited for: none may still be on its way once the caller has its answer.
      for (const result of await Promise.allSettled(puts)) {
        if (result.status === 'rejected') throw result.reason;
      }
    };
    await put(fresh);
    const restored = new Map<string, string>();
    for (let attempt = 1; ; attempt++) {
      try {
        return await store.saveTags({ ...write, restored });
      } catch (error) {
        if (!(error instanceof RemovalsMet)) throw error;
        if (attempt === attempts) throw busy(error);
        const over = error.removals.filter((removal) => removal.over);
        if (over.length < error.removals.length) await pause(Math.min(1000, 25 * 2 ** attempt));
        await put(over.map(({ sha256 }) => sha256));
        for (const { sha256, ticket } of over) if (ticket !== null) restored.set(sha256, ticket);
      }
    }
  };
}

function bytesOf(contents: ReadonlyMap<string, Uint8Array>, sha256: string): Uint8Array {
  const bytes = contents.get(sha256);
  // Of a picture that was not sent again, because its server says that it is as it was.
  if (!bytes) throw busy(undefined);
  return bytes;
}

function busy(cause: unknown): HangtagError {
  const detail = 'An image of this product is being removed right now, because another product was deleted.';
  return new HangtagError('store.unavailable', detail, { cause, retryAfter: 5 });
}
