/** Many products decided anew from what is stored of them: reading them, deciding away from the event loop, and writing. */
import type { TagFacts } from '../domain/tagging/tag-facts.ts';
import type { Provenance } from '../domain/tagging/types.ts';
import type { ExecuteSql } from './ports-work.ts';

/** One product as it stands. TagSet, colours and catalog are JSON as they are stored: whoever decides reads them. */
export interface RescoringInput {
  readonly productId: string;
  /** Another one once anything of the product was written. */
  readonly version: string;
  readonly tagSet: string;
  /** Of its pictures, as far as they are known under the model that was asked for. */
  readonly pictures: readonly {
    readonly sha256: string;
    readonly vector: Float32Array;
    readonly colors: string;
  }[];
  /** A `CatalogState`, where a shop says anything of it. */
  readonly catalog: string | null;
}

/** `same`: it stands as it is. `unknown`: a picture has no vector under the model. `failed`: it could not be decided. */
export type RescoringOutcome =
  | { readonly kind: 'same' | 'unknown'; readonly productId: string }
  | { readonly kind: 'failed'; readonly productId: string; readonly detail: string }
  | ({ readonly kind: 'decided' } & RescoredWrite);

export interface RescoredWrite {
  readonly productId: string;
  /** The version that was read. */
  readonly from: string;
  /** false: what stands is changed in place, under the revision that it has. */
  readonly revise: boolean;
  /** That it has then. */
  readonly revision: number;
  /** JSON of what should stand, the revision in it. */
  readonly tagSet: string;
  readonly facts: TagFacts;
}

/** What every product of one run is decided under. */
export type RescoringProvenance = Omit<Provenance, 'notSupported'>;

/**
 * Decides blocks under one meaning, in the order of the inputs. At most so many blocks at once as it has lanes; others
 * wait for their turn, and beyond `maxWaiting` of them it refuses with `service.overloaded`. Where the thread of a
 * block dies the block is refused with `inference.unavailable`, and may be given again.
 */
export interface Rescorer {
  /** Blocks that are worked at the same time. */
  readonly lanes: number;
  rescore(
    block: readonly RescoringInput[],
    provenance: RescoringProvenance,
    signal?: AbortSignal,
  ): Promise<readonly RescoringOutcome[]>;
  /** Blocks in work are finished; those that wait are refused. */
  close(): Promise<void>;
}

/** Which products. */
export type RescoringScope =
  | { readonly all: true }
  | { readonly ids: readonly string[] }
  /** Accepted category, any of these. */
  | { readonly categories: readonly string[] }
  /** An accepted tag (`color/navy`), in any variant. */
  | { readonly tag: string }
  /** RFC 3339. */
  | { readonly taggedBefore: string }
  /** Decided under another model (`<model id>@<fingerprint>`), or under another content of the taxonomy, than this. */
  | { readonly notModel: string }
  | { readonly notTaxonomy: string };

export interface RescoringQuery {
  readonly scope: RescoringScope;
  /** Vectors under this model. */
  readonly model: string;
  /** The last product that was read, '' at the beginning. */
  readonly after: string;
  readonly limit: number;
}

/** Refuses with `store.unavailable`. */
export interface RescoringStore {
  /** Products by id, as many as `limit`; fewer at the end. Not those that their shop withdrew. */
  readForRescoring(query: RescoringQuery): Promise<readonly RescoringInput[]>;
  /**
   * All in one transaction, each product only where it still has the version that was read; `moved`: ids of those that
   * had not. `within` runs in the same transaction, at its end: what must last together with the writes.
   */
  writeRescored(
    writes: readonly RescoredWrite[],
    cause: RescoringCause,
    within?: (execute: ExecuteSql) => Promise<void>,
  ): Promise<{ readonly moved: readonly string[] }>;
}

export interface RescoringCause {
  /** `retag`. */
  readonly cause: string;
  /** The job's id. */
  readonly causeId: string;
}
