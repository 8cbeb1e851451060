/** Taxonomies and calibrations that change while the service runs: where they are kept, and which of them is active. See `ports.ts`. */
import type { Calibration } from '../domain/tagging/calibration.ts';
import type { TaxonomyProblem } from '../domain/taxonomy/documents.ts';
import type { Taxonomy } from '../domain/taxonomy/types.ts';

/** A taxonomy's files by name, as in the folder `taxonomy/`, as text. */
export type TaxonomyFiles = Readonly<Record<string, string>>;

/** What was uploaded. Never changed and never removed: products stay tagged under it. */
export interface StoredTaxonomy {
  /** Names it: one version is one content. */
  readonly version: string;
  readonly id: string;
  readonly contentHash: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  /** Last time; null for never. */
  readonly activatedAt: string | null;
}

export interface StoredCalibration {
  readonly calibration: Calibration;
  readonly contentHash: string;
  /** The one that counts for its model under its taxonomy. */
  readonly chosen: boolean;
  readonly createdAt: string;
  readonly activatedAt: string | null;
}

/** How far a taxonomy that is to be active next has come. */
export interface PreparationProgress {
  /** Captions with their vectors, and in all; null where the model brings its own vectors, or nothing is known yet. */
  readonly captions: { readonly known: number; readonly total: number } | null;
  /** Why it does not go on just now, in plain words. */
  readonly waitingFor: string | null;
}

export interface Preparation {
  /** Of this wish: a later one has another. */
  readonly ticket: string;
  /** A version; null: the folder's. */
  readonly taxonomy: string | null;
  readonly progress: PreparationProgress;
  /** Nobody works on it: whoever did has fallen silent. */
  readonly idle: boolean;
}

/** What holds for all processes on this store. */
export interface ActiveMeaning {
  /** Rises with every switch, of a calibration too. */
  readonly generation: number;
  /** A version; null: the one of the folder that each process was started with. */
  readonly taxonomy: string | null;
  /** When that was switched to; null for never. */
  readonly switchedAt: string | null;
  readonly preparing: Preparation | null;
  /** Why the last wish came to nothing; forgotten with the next one. */
  readonly failure: { readonly taxonomy: string | null; readonly detail: string } | null;
}

/**
 * Refuses with `store.unavailable`; every resolved write survives a crash. A switch of the taxonomy goes by a wish: it is
 * recorded, one process at a time claims it, prepares it and renews its claim, and the switch is one transaction, made
 * only by whoever holds the claim of the latest wish.
 */
export interface Meanings {
  /** The same content again is left as it is. Raises `taxonomy.conflict` where the version has another one. */
  addTaxonomy(
    taxonomy: Pick<StoredTaxonomy, 'version' | 'id' | 'contentHash'> & { readonly files: TaxonomyFiles },
  ): Promise<{ readonly stored: StoredTaxonomy; readonly created: boolean }>;
  findTaxonomy(version: string): Promise<(StoredTaxonomy & { readonly files: TaxonomyFiles }) | null>;
  /** Newest first; `after`: only those that follow this version in the list. */
  taxonomies(limit: number, after: string | null): Promise<readonly StoredTaxonomy[]>;

  /** As with taxonomies; raises `calibration.conflict`. */
  addCalibration(
    calibration: Calibration,
    contentHash: string,
  ): Promise<{ readonly stored: StoredCalibration; readonly created: boolean }>;
  findCalibration(id: string): Promise<StoredCalibration | null>;
  calibrations(limit: number, after: string | null): Promise<readonly StoredCalibration[]>;
  /** The chosen one of a model under a taxonomy (`<id>@<version>`). */
  chosenCalibration(model: string, taxonomy: string): Promise<Calibration | null>;
  /** Of all for its model and taxonomy, this one counts from now on; null: none does, but what the folder has. Raises `calibration.not_found`. */
  chooseCalibration(model: string, taxonomy: string, id: string | null): Promise<void>;

  /** One cheap query: every process asks once a second. */
  active(): Promise<ActiveMeaning>;
  /** In the place of any wish before. What is active already is no wish, and only ends the one before: null. */
  want(taxonomy: string | null): Promise<string | null>;
  /** Takes or renews the wish for so long. False where another holds it, or it is no more. */
  claim(ticket: string, worker: string, leaseMs: number, progress: PreparationProgress): Promise<boolean>;
  /** What was wished is active. False where the claim is lost: nothing is changed. */
  switchOver(ticket: string, worker: string): Promise<boolean>;
  /** The wish ends, and what is active stays. */
  giveUp(ticket: string, worker: string, detail: string): Promise<void>;
  /** Somebody else may take it at once. */
  release(ticket: string, worker: string): Promise<void>;
}

/** What documents say, or everything that is wrong with them. */
export interface MeaningReader {
  taxonomy(
    files: TaxonomyFiles,
  ): Promise<{ readonly taxonomy: Taxonomy } | { readonly problems: readonly TaxonomyProblem[] }>;
  /** `fitted`: the taxonomy that goes by `<id>@<version>`, or null where there is none. */
  calibration(
    value: unknown,
    fitted: (taxonomy: string) => Promise<Taxonomy | null>,
  ): Promise<
    | { readonly calibration: Calibration; readonly contentHash: string }
    | { readonly problems: readonly TaxonomyProblem[] }
  >;
}
