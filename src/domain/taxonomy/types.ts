/** The taxonomy as the rest of the domain sees it: already validated, immutable, indexed by id. */

/** How the values of an attribute compete; see docs/decisions and `domain/tagging`. */
export type ScoringMode = 'softmax' | 'binary-contrast' | 'ranked-softmax';
/** image: decided per picture, gates others, never a tag. product: one answer. variant: one answer per variant. */
export type AttributeScope = 'image' | 'product' | 'variant';
export type Reliability = 'high' | 'medium' | 'low';

export interface Mapping {
  readonly gid: string;
  readonly match: 'exact' | 'broader';
  readonly handle?: string;
}

export interface Category {
  readonly id: string;
  readonly name: string;
  readonly parent: string | null;
  readonly leaf: boolean;
  /** Ids from the root down to this node, itself included. */
  readonly path: readonly string[];
  readonly children: readonly string[];
  /** Profile of a leaf; an inner node has the profile it names or none (then what all its leaves share applies). */
  readonly profile: string | null;
  readonly noun: string;
  readonly plural: boolean;
  readonly prompts: readonly string[];
  readonly synonyms: readonly string[];
  readonly shopify: Mapping | null;
  readonly google: number | null;
}

export interface Profile {
  readonly id: string;
  readonly noun: string;
  readonly plural: boolean;
  /** The profile and everything it extends, nearest first: a value limited to any of them applies. */
  readonly chain: readonly string[];
  readonly attributes: readonly string[];
}

export interface AttributeValue {
  readonly id: string;
  readonly name: string;
  readonly prompts: readonly string[];
  readonly synonyms: readonly string[];
  /** sRGB `#rrggbb`, for colours. */
  readonly hex: string | null;
  readonly family: string | null;
  /** Applies only under these profiles (their descendants included), or everywhere. */
  readonly profiles: readonly string[] | null;
  /** Applies only to these categories (their descendants included), or everywhere. */
  readonly categories: readonly string[] | null;
  readonly deprecated: boolean;
  readonly replacedBy: string | null;
  readonly shopify: readonly Mapping[];
  readonly google: string | null;
}

export interface Attribute {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly scope: AttributeScope;
  readonly selection: 'single' | 'multi';
  /** Most values one product can have; 1 for `single`. */
  readonly maxValues: number;
  readonly scoring: ScoringMode;
  readonly reliability: Reliability;
  /** `suggest-only`: never accepted by a model alone, because a photo cannot support the claim. */
  readonly policy: 'decide' | 'suggest-only';
  /** Image views that may vote, or null for all. */
  readonly views: readonly string[] | null;
  /** Presentations that may vote, or null for all. */
  readonly presentations: readonly string[] | null;
  /** Attribute values that make this attribute meaningless, e.g. sleeve style of a sleeveless top. */
  readonly requires: readonly Requirement[];
  readonly nullPrompts: readonly string[];
  readonly neutralPrompts: readonly string[];
  readonly values: readonly AttributeValue[];
  readonly valueById: ReadonlyMap<string, AttributeValue>;
  readonly shopify: readonly { readonly handle: string; readonly gid: string | null }[];
  readonly google: string | null;
  readonly schemaOrg: string | null;
}

/** The attribute is decided unless `attribute` was decided to have none of `anyOf` (undecided does not gate). */
export interface Requirement {
  readonly attribute: string;
  readonly anyOf: readonly string[];
}

export interface Taxonomy {
  readonly id: string;
  readonly version: string;
  /** sha256 (hex) of the canonical content: same meaning, same hash. */
  readonly contentHash: string;
  readonly templates: readonly string[];
  readonly siglipTemplates: readonly string[];
  readonly rejectPrompts: readonly string[];
  readonly categories: readonly Category[];
  readonly categoryById: ReadonlyMap<string, Category>;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly attributes: readonly Attribute[];
  readonly attributeById: ReadonlyMap<string, Attribute>;
  /** Family id -> colour value ids. */
  readonly colorFamilies: ReadonlyMap<string, readonly string[]>;
}
