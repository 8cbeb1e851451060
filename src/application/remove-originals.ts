/** Originals that nobody mentions any more, removed under a claim: see `sweep-originals.ts` for why that is safe. */
import type { Notices, Originals, RemovalBook } from './ports-originals.ts';

export interface RemoveOriginalsNeeds {
  readonly store: RemovalBook;
  readonly originals: Originals;
  readonly log: Notices;
  /** Milliseconds of a clock that never jumps. */
  readonly now?: () => number;
}

/**
 * Milliseconds. A claim outlives the slowest deletion that begins in its first half, so that nobody else takes the
 * picture for free while a deletion may still be on its way.
 */
const leaseMs = 60_000;
const claimedAtOnce = 50;

/**
 * Removes those of these originals that nobody mentions and gives how many. Throws as soon as one cannot be removed;
 * what was claimed by then is removed by a later sweep.
 */
export type RemoveOriginals = (sha256s: readonly string[], signal?: AbortSignal) => Promise<number>;

export function createRemoveOriginals({
  store,
  originals,
  log,
  now = () => performance.now(),
}: RemoveOriginalsNeeds): RemoveOriginals {
  async function removeSome(candidates: readonly string[], signal?: AbortSignal) {
    const began = now();
    const { ticket, sha256s } = await store.claimRemovals(candidates, claimedAtOnce, leaseMs);
    const gone: string[] = [];
    let failure: unknown = null;
    for (const sha256 of sha256s) {
      if (signal?.aborted || now() - began > leaseMs / 2) break;
      try {
        await originals.delete(sha256);
        gone.push(sha256);
      } catch (error) {
        failure = error;
        break;
      }
    }
    const settled = gone.length === 0 ? [] : await store.settleRemovals(ticket, gone);
    const late = gone.filter((sha256) => !settled.includes(sha256));
    if (late.length > 0) {
      log.error({ sha256s: late }, 'removing originals took too long: a product tagged since may miss them');
    }
    if (failure !== null) throw failure;
    return { claimed: sha256s, gone: gone.length };
  }

  return async (sha256s, signal) => {
    let left = sha256s;
    let removed = 0;
    while (left.length > 0 && !signal?.aborted) {
      const { claimed, gone } = await removeSome(left, signal);
      if (claimed.length === 0) break;
      removed += gone;
      left = left.filter((sha256) => !claimed.includes(sha256));
    }
    return removed;
  };
}
