/** Moving a store as a whole. See `ports.ts` for the rest. */

/** Told how far a long transfer is. */
export interface TransferWatch {
  /** A stage begins, of `total` rows or bytes; an earlier run has done `before` of them. */
  begin(stage: string, unit: 'rows' | 'bytes', total: number, before: number): void;
  /** So many more are done. */
  advance(by: number): void;
}

export interface CopiedTable {
  readonly name: string;
  readonly rows: number;
}

/**
 * A store as a whole, moved while no service uses it. Throws an Error that says in words what is wrong and what to do.
 * Aborted: throws the signal's reason, and the same call again goes on (copy) or starts anew (the others).
 */
export interface StoreTransfer {
  /** Into the empty PostgreSQL database `to`, and compared. `from`: a DATA_DIR or a URL; null: the configured store. */
  copy(
    request: { readonly from: string | null; readonly to: string; readonly restart: boolean },
    watch: TransferWatch,
    signal: AbortSignal,
  ): Promise<readonly CopiedTable[]>;
  /** Embedded database and originals, into a file that does not exist yet. */
  backup(file: string, watch: TransferWatch, signal: AbortSignal): Promise<BackupReport>;
  /** A backup's content, into a DATA_DIR that holds neither database nor originals. */
  restore(file: string, watch: TransferWatch, signal: AbortSignal): Promise<BackupReport>;
}

export interface BackupReport {
  readonly originals: number;
  /** Of the file, compressed. */
  readonly bytes: number;
  /** What else stands in DATA_DIR and is in no backup, by name. */
  readonly leftOut: readonly string[];
}
