/**
 * What a tagging has to know of pictures whose original is being removed, or was, at the same time. The protocol and
 * why it holds: `application/sweep-originals.ts`.
 */

/** A removal as the store remembers it. */
export interface Removal {
  readonly sha256: string;
  /** Names this removal; a later one of the same picture has another. null: only marked, nobody has begun. */
  readonly ticket: string | null;
  /** The remover is done, or has been silent for too long: bytes written from now on stay. */
  readonly over: boolean;
}

/** Thrown by `Store.saveTags`, which has then written nothing. */
export class RemovalsMet extends Error {
  readonly removals: readonly Removal[];
  constructor(removals: readonly Removal[]) {
    super('Originals of these pictures were removed, or are being removed.');
    this.name = 'RemovalsMet';
    this.removals = removals;
  }
}

/**
 * Those that keep a tagging from being saved: begun, and not known to be over before the tagging wrote the bytes anew.
 * `restored`: sha256 -> ticket of the removal that was over when the bytes were written.
 */
export function inTheWay(
  removals: readonly Removal[],
  restored: ReadonlyMap<string, string> = new Map(),
): readonly Removal[] {
  return removals.filter(
    ({ sha256, ticket, over }) => ticket !== null && !(over && restored.get(sha256) === ticket),
  );
}
