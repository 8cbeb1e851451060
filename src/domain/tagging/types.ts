/** Shapes of one product's answer. The wire adds nothing of its own meaning; rows store exactly this. */

export type Status = 'accepted' | 'suggested' | 'abstained' | 'cleared';
export type Reason = 'below-threshold' | 'ambiguous' | 'not-visible';
export type Source = 'model' | 'human' | 'merchant';

export interface DecidedValue {
  readonly id: string | null;
  readonly name: string;
  /** 0 to 1, relative to the values it competed with; null where a person or the merchant decided. */
  readonly confidence: number | null;
  /** Colour only: the measured colour as `#rrggbb`, and its share of the product's pixels, 0 to 1. */
  readonly hex?: string;
  readonly share?: number;
  /** Colour only: what supports the value. */
  readonly evidence?: 'pixel' | 'model' | 'both';
}

export interface DecidedCategory extends DecidedValue {
  readonly path: readonly string[];
}

export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly confidence: number;
}

/** The answer for the category or for one attribute. */
export interface Decision<V extends DecidedValue = DecidedValue> {
  readonly status: Status;
  readonly reason?: Reason;
  readonly source: Source;
  readonly values: readonly V[];
  /** The accept threshold that was applied; null where no model decided. */
  readonly threshold: number | null;
  /** Indexes of the images that voted. */
  readonly evidence?: readonly number[];
  readonly candidates: readonly Candidate[];
  /** Value ids that a person barred. */
  readonly rejected: readonly string[];
  readonly reviewed: { readonly by: string | null; readonly at: string } | null;
  /** Present where this was decided under another model or taxonomy than the TagSet's. */
  readonly provenance?: Provenance;
  readonly explain?: Explanation;
}

export type CategoryDecision = Decision<DecidedCategory>;

/** Why a decision came out as it did; only with `explain=true`, never stored. */
export interface Explanation {
  readonly mode: string;
  readonly accept: number;
  readonly margin: number;
  readonly temperature: number;
  readonly guard: string | null;
  readonly scores: readonly {
    readonly id: string;
    readonly confidence: number;
    readonly prompts: readonly string[];
  }[];
  /** Probability of the pooled null class. */
  readonly none: number;
}

export interface ImageReport {
  readonly index: number;
  readonly status: 'ok' | 'failed';
  readonly sha256?: string;
  /** Pixels, after EXIF orientation. */
  readonly width?: number;
  readonly height?: number;
  readonly view: string | null;
  readonly variant: string | null;
  readonly ref: string | null;
  readonly error?: { readonly code: string; readonly detail: string };
}

export interface Provenance {
  readonly backend: string;
  /** `<model id>@<fingerprint>`. */
  readonly model: string;
  /** `<taxonomy id>@<version>`. */
  readonly taxonomy: string;
  /** sha256 (hex) of the taxonomy's content. */
  readonly taxonomyHash: string;
  /** Id of the calibration that set the thresholds, or null for the cautious defaults. */
  readonly calibration: string | null;
  readonly notSupported: readonly string[];
  /** RFC 3339, UTC. */
  readonly taggedAt: string;
}

export interface Warning {
  readonly code: string;
  readonly detail: string;
  readonly pointer?: string;
}

export interface VariantTags {
  readonly key: string;
  /** Indexes into `images`. */
  readonly images: readonly number[];
  readonly attributes: Readonly<Record<string, Decision>>;
}

export interface TagSet {
  readonly productId: string;
  /** 0 for an answer that is not stored. */
  readonly revision: number;
  readonly title: string | null;
  readonly category: CategoryDecision;
  readonly attributes: Readonly<Record<string, Decision>>;
  readonly variants: readonly VariantTags[];
  readonly images: readonly ImageReport[];
  readonly provenance: Provenance;
  readonly warnings: readonly Warning[];
}

/** What a model read out of one picture, and what travels with it into a decision. */
export interface ImageEvidence {
  readonly index: number;
  /** Unit vector of the model's dimension. */
  readonly vector: Float32Array;
  /** View that the caller stated, or null. */
  readonly view: string | null;
  readonly variant: string | null;
  /** Colours measured in the pixels, largest share first; shares sum to 1. */
  readonly colors: readonly ColorShare[];
}

/** One cluster of product pixels. */
export interface ColorShare {
  /** CIELAB (D65). */
  readonly lab: readonly [number, number, number];
  /** `#rrggbb`. */
  readonly hex: string;
  /** 0 to 1. */
  readonly share: number;
}
