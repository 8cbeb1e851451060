/** What an administrator may ask about taxonomies and calibrations. */
import type { Calibration } from '../domain/tagging/calibration.ts';
import type { TaxonomyDiff } from '../domain/taxonomy/diff.ts';
import type { TaxonomyFiles } from './ports-meaning.ts';

/** One taxonomy, uploaded or the folder's own. */
export interface TaxonomyReport {
  readonly version: string;
  readonly id: string;
  readonly contentHash: string;
  readonly source: 'folder' | 'uploaded';
  /** preparing: to be active next. */
  readonly state: 'stored' | 'preparing' | 'active';
  /** null for the folder's, which came with the process. */
  readonly createdAt: string | null;
  /** Last time; null for never, or for a folder's that was there from the start. */
  readonly activatedAt: string | null;
  /** While it is `preparing`. */
  readonly preparation: {
    readonly captions: { readonly known: number; readonly total: number } | null;
    readonly waitingFor: string | null;
  } | null;
  /** Why its last activation came to nothing. */
  readonly failure: string | null;
}

export type ComparedTaxonomy = TaxonomyReport & {
  /** From the active one to it. */ readonly diff: TaxonomyDiff;
};

export interface Taxonomies {
  /**
   * `store` false: looked at only. Raises `taxonomy.invalid` with every problem, and `taxonomy.conflict` where the version has another
   * content. `created` false: it was there already, or is not to be stored.
   */
  add(
    files: TaxonomyFiles,
    store: boolean,
  ): Promise<{ readonly created: boolean; readonly taxonomy: ComparedTaxonomy }>;
  /** Newest first, the folder's own last; `after`: what follows this version. */
  list(limit: number, after: string | null): Promise<Page<TaxonomyReport>>;
  /** Raises `taxonomy.not_found`. */
  read(version: string): Promise<ComparedTaxonomy>;
  /** Active once resolved, or `preparing`. Raises `taxonomy.invalid` where the model cannot be used with it. */
  activate(version: string): Promise<TaxonomyReport>;
}

export interface CalibrationReport {
  readonly calibration: Calibration;
  readonly source: 'folder' | 'uploaded';
  /** active: the one that counts for its model under its taxonomy. */
  readonly state: 'stored' | 'active';
  readonly createdAt: string | null;
  readonly activatedAt: string | null;
}

export interface Calibrations {
  /** Raises `calibration.invalid` with every problem, and `calibration.conflict` where the id has another content. */
  add(value: unknown): Promise<{ readonly created: boolean; readonly calibration: CalibrationReport }>;
  /** Newest first, the folder's for the active model and taxonomy last. */
  list(limit: number, after: string | null): Promise<Page<CalibrationReport>>;
  /** Counts from now on. Raises `calibration.not_found`. */
  activate(id: string): Promise<CalibrationReport>;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** What the page after follows; null at the end. */
  readonly next: string | null;
}
