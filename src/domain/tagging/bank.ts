/**
 * The vectors that images are compared with. A text tower fills a bank from the taxonomy's prompts; the bundled
 * model brings one from its classifier. Everything behind it is the same: there is one scoring path.
 */

/** Rows of unit vectors, row-major: `ids.length * dim` numbers. */
export interface VectorRows {
  readonly ids: readonly string[];
  readonly data: Float32Array;
  /**
   * In the place of `data`, for a model that gives no vectors but probabilities: where in the picture's own numbers each
   * row's logit stands.
   */
  readonly slots?: Int32Array;
}

export interface BankGroup {
  /** One or more rows for a value: rows with the same id are pooled. */
  readonly values: VectorRows;
  /** Pictures of nothing that fits (reject and null captions), pooled as one class. May be empty. */
  readonly nulls: VectorRows;
  /** What a value is contrasted with in `binary-contrast`. May be empty for other modes. */
  readonly neutrals: VectorRows;
}

export interface VectorBank {
  /** `<model id>@<fingerprint>`: vectors of another model are refused. */
  readonly model: string;
  readonly dim: number;
  /** Multiplies a cosine before the softmax; CLIP's exp(logit_scale). */
  readonly scale: number;
  /** Rows name category nodes, leaves or inner ones. */
  readonly categories: BankGroup;
  /** The group for an attribute under a profile, or undefined where this model has no vectors for it. */
  attribute(attributeId: string, profileId: string): BankGroup | undefined;
  /** What stands behind a value's vector, for `explain=true`: its captions, or the classes of a classifier. */
  prompts(attributeId: string | null, valueId: string, profileId: string): readonly string[];
  /** Attributes that the model can decide at all. */
  readonly supported: ReadonlySet<string>;
}

/** A bank that fills as it is used has no vectors under this profile yet. Whoever asked loads them and asks again. */
export class ProfileNotLoaded extends Error {
  readonly profileId: string;
  constructor(profileId: string) {
    super(`the vectors of the profile ${profileId} are not loaded`);
    this.name = 'ProfileNotLoaded';
    this.profileId = profileId;
  }
}
