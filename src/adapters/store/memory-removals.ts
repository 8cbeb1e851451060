/** What the store in memory remembers of removed originals: `removals.ts`, without anybody else to wait for. */
import { randomUUID } from 'node:crypto';
import type { TagWrite } from '../../application/ports.ts';
import type { RemovalBook } from '../../application/ports-originals.ts';
import { inTheWay, RemovalsMet } from '../../domain/originals/removal.ts';

export interface MemoryRemovals extends RemovalBook {
  /** Throws `RemovalsMet`, or clears what no longer holds. */
  meet(write: TagWrite): void;
  mark(sha256s: readonly string[]): void;
}

interface Entry {
  readonly ticket: string | null;
  /** Milliseconds since 1970; a mark has none. */
  readonly leaseUntil: number;
  readonly removed: boolean;
}

export interface MemoryRemovalsNeeds {
  /** Throws where the store is closed. */
  readonly open: () => void;
  /** Which pictures any history mentions. */
  readonly mentioned: () => ReadonlySet<string>;
  /** Drops what is known of these pictures. */
  readonly forget: (sha256s: readonly string[]) => void;
}

export function createMemoryRemovals({ open, mentioned, forget }: MemoryRemovalsNeeds): MemoryRemovals {
  const entries = new Map<string, Entry>();
  const identity = randomUUID();
  const over = ({ removed, ticket, leaseUntil }: Entry) =>
    removed || (ticket !== null && leaseUntil < Date.now());

  return {
    meet({ images, restored }) {
      const found = images.flatMap(({ facts: { sha256 } }) => {
        const entry = entries.get(sha256);
        return entry ? [{ sha256, ticket: entry.ticket, over: over(entry) }] : [];
      });
      const removals = inTheWay(found, restored);
      if (removals.length > 0) throw new RemovalsMet(removals);
      for (const { sha256 } of found) entries.delete(sha256);
    },
    mark(sha256s) {
      for (const sha256 of sha256s) entries.set(sha256, { ticket: null, leaseUntil: 0, removed: false });
    },
    async identity() {
      open();
      return identity;
    },
    async mentionedPictures(sha256s) {
      open();
      const used = mentioned();
      return sha256s.filter((sha256) => used.has(sha256));
    },
    async pendingRemovals(limit) {
      open();
      const pending = [...entries].filter(
        ([, { removed, leaseUntil }]) => !removed && leaseUntil < Date.now(),
      );
      return pending.slice(0, limit).map(([sha256]) => sha256);
    },
    async claimRemovals(sha256s, limit, leaseMs) {
      open();
      const used = mentioned();
      for (const sha256 of sha256s) if (used.has(sha256)) entries.delete(sha256);
      const free = [...new Set(sha256s)].filter((sha256) => {
        const entry = entries.get(sha256);
        return !used.has(sha256) && (!entry || entry.ticket === null || over(entry));
      });
      const claimed = free.sort().slice(0, limit);
      const ticket = randomUUID();
      forget(claimed);
      for (const sha256 of claimed) {
        entries.set(sha256, { ticket, leaseUntil: Date.now() + leaseMs, removed: false });
      }
      return { ticket, sha256s: claimed };
    },
    async settleRemovals(ticket, sha256s) {
      open();
      const settled = sha256s.filter((sha256) => {
        const entry = entries.get(sha256);
        return entry?.ticket === ticket && !entry.removed;
      });
      for (const sha256 of settled) entries.set(sha256, { ticket, leaseUntil: 0, removed: true });
      return settled;
    },
  };
}
