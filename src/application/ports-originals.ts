/** What keeping and removing originals needs from outside. See `ports.ts` for the rest. */

export interface StoredOriginal {
  readonly sha256: string;
  /** When it was written, by the clock of whoever keeps it: milliseconds since 1970. */
  readonly writtenAt: number;
}

export interface OriginalsPage {
  readonly items: readonly StoredOriginal[];
  /** Where the next page begins; null at the end. */
  readonly next: string | null;
}

/** Uploaded bytes as they came, by sha256. Refuses with `store.unavailable`. */
export interface Originals {
  /** Durable once resolved; a second time costs next to nothing. */
  put(sha256: string, bytes: Uint8Array): Promise<void>;
  get(sha256: string): Promise<Uint8Array | null>;
  /** Resolves also where there is nothing under this name. */
  delete(sha256: string): Promise<void>;
  /** At most `limit` from `from` on, null for the beginning. What is not an original is left out. */
  list(from: string | null, limit: number): Promise<OriginalsPage>;
  /** Whose originals these are, null for nobody's. With an owner: writes it down first where they are nobody's. */
  own(owner: string | null): Promise<string | null>;
  /** Resolves if an original could be kept right now. */
  ping(): Promise<void>;
}

/** What work in the background says of itself. A pino logger is one. */
export interface Notices {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Pictures that one remover, and nobody else, may now remove. */
export interface RemovalClaim {
  readonly ticket: string;
  readonly sha256s: readonly string[];
}

/** Who may remove which original: the protocol stands in `sweep-originals.ts`. */
export interface RemovalBook {
  /** Names this database, for ever. */
  identity(): Promise<string>;
  /** Which of these pictures any product or history mentions. */
  mentionedPictures(sha256s: readonly string[]): Promise<readonly string[]>;
  /** Pictures that are marked for removal, or whose remover was silent for too long; oldest first. */
  pendingRemovals(limit: number): Promise<readonly string[]>;
  /**
   * Of these pictures up to `limit` that no product and no history mentions and that nobody else is removing. What was
   * known of them is forgotten. For `leaseMs` milliseconds they are the caller's: a tagging of one waits.
   */
  claimRemovals(sha256s: readonly string[], limit: number, leaseMs: number): Promise<RemovalClaim>;
  /** Says that these are gone. Gives those for which the claim still held. */
  settleRemovals(ticket: string, sha256s: readonly string[]): Promise<readonly string[]>;
}
