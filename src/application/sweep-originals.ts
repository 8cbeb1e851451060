/**
 * Removes originals that nobody mentions: marked ones whose removal did not succeed at once, and those that a crash
 * left behind between writing an original and storing the tags that rest on it.
 *
 * The danger is a tagging of the very same picture at the very same time: it finds the picture known, or its bytes in
 * place, and writes none; then the bytes are removed. Neither the folder nor S3 takes part in the database's
 * transactions, so a removal has a state in the database:
 *
 *   marked    by the transaction that deletes the last product which mentions the picture
 *   claimed   by one remover, under a ticket and for a time (the lease); only now may the bytes be deleted
 *   settled   the bytes are gone; kept for a day, far longer than any tagging lasts
 *
 * 1. Whoever writes such a state holds the picture's row against writers of tags, and the other way round (where there
 *    is no row, its place in the index). So a claim counts mentions that nobody is adding, and a tagging that finds no
 *    state knows that nobody claims before it has committed its mention, after which every claim is refused.
 * 2. A tagging that finds a mark takes it away: the bytes were not touched, and now cannot be.
 * 3. A tagging that finds a claim waits. The bytes may go at any moment; to write them now would not help.
 * 4. A tagging that finds a settled removal, or a claim past its lease, may have written its bytes before the deletion
 *    and so cannot trust them. It writes them again and stores its tags naming the ticket it saw. Under another ticket
 *    there was another removal, and it does so again.
 * 5. Deleting a product marks, then removes like everybody else. A remover that dies leaves a mark or a claim past its
 *    lease, which the sweep takes over; deleting twice harms nothing.
 *
 * What time has to do with it: a remover begins no deletion after half of its lease, and a deletion has a deadline far
 * below the other half. Only a process that stood still (a suspended machine) between that check and its very next
 * call could delete too late; it notices when it settles, and says so.
 *
 * The age below is not needed for safety. It spares uploads in flight the second write, and leaves a day to notice a
 * database restored from an old backup, whose newer pictures look like leftovers. Where the originals are another
 * database's (`Originals.own`), nothing is swept: there everything would look like a leftover. A database becomes their
 * owner only if it knows some of them, or there are none: an empty one that was put beside full originals does not.
 */
import type { Notices, Originals, RemovalBook } from './ports-originals.ts';
import type { RemoveOriginals } from './remove-originals.ts';

export interface SweepOriginalsNeeds {
  readonly store: RemovalBook;
  readonly originals: Originals;
  readonly remove: RemoveOriginals;
  readonly log: Notices;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Milliseconds: what is younger is left alone. */
export const leftAloneMs = 24 * 3_600_000;
const markedAtOnce = 200;
const listedAtOnce = 1000;

export interface SweepOriginals {
  /** Marked originals. Gives how many are gone. */
  marked(signal?: AbortSignal): Promise<number>;
  /** Originals that nobody ever mentioned. Gives how many are gone. */
  leftovers(signal?: AbortSignal): Promise<number>;
}

export function createSweepOriginals(needs: SweepOriginalsNeeds): SweepOriginals {
  const { store, originals, remove, log, now = Date.now } = needs;

  return {
    async marked(signal) {
      let removed = 0;
      for (;;) {
        const sha256s = await store.pendingRemovals(markedAtOnce);
        const gone = sha256s.length === 0 ? 0 : await remove(sha256s, signal);
        removed += gone;
        // The last of them, or all that is left is somebody else's by now.
        if (sha256s.length < markedAtOnce || gone === 0 || signal?.aborted) break;
      }
      if (removed > 0) log.info({ removed }, 'removed the originals of deleted products');
      return removed;
    },

    async leftovers(signal) {
      const identity = await store.identity();
      const owner = (await originals.own(null)) ?? (await ownIfKnown(needs, identity));
      if (owner !== identity) {
        log.warn({ owner, database: identity }, 'these originals belong to another database: not swept');
        return 0;
      }
      let removed = 0;
      for (let from: string | null = null; ; ) {
        const { items, next } = await originals.list(from, listedAtOnce);
        const old = items.filter(({ writtenAt }) => now() - writtenAt > leftAloneMs);
        removed += await remove(
          old.map(({ sha256 }) => sha256),
          signal,
        );
        if (next === null || signal?.aborted) break;
        from = next;
      }
      if (removed > 0) log.info({ removed }, 'removed originals that no product mentions');
      return removed;
    },
  };
}

async function ownIfKnown(
  { store, originals }: SweepOriginalsNeeds,
  identity: string,
): Promise<string | null> {
  let empty = true;
  for (let from: string | null = null; ; ) {
    const { items, next } = await originals.list(from, listedAtOnce);
    const known = await store.mentionedPictures(items.map(({ sha256 }) => sha256));
    if (known.length > 0) break;
    empty &&= items.length === 0;
    if (next === null && !empty) return null;
    if (next === null) break;
    from = next;
  }
  return originals.own(identity);
}
