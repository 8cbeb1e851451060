/** The taxonomy's files after their structure was checked, before their meaning was. One shape a file. */
import type { Mapping } from './types.ts';

export interface TaxonomyDocument {
  readonly id: string;
  readonly version: string;
  readonly templates: readonly string[];
  readonly siglip_templates: readonly string[];
  readonly reject_prompts: readonly string[];
  readonly scopes: Readonly<Record<string, readonly string[]>>;
  readonly color_families: Readonly<Record<string, readonly string[]>>;
  readonly attributes: readonly string[];
}

export interface CategoryDocument {
  readonly id: string;
  readonly name: string;
  readonly parent: string | null;
  readonly profile?: string | undefined;
  readonly noun: string;
  readonly plural: boolean;
  readonly prompts: readonly string[];
  readonly synonyms: readonly string[];
}

export interface ProfileDocument {
  readonly extends: string | null;
  readonly noun: string;
  readonly plural: boolean;
  readonly abstract: boolean;
  readonly attributes: readonly string[];
  readonly without: readonly string[];
}

export interface ValueDocument {
  readonly id: string;
  readonly name: string;
  readonly hex?: string | undefined;
  readonly family?: string | undefined;
  readonly prompts: readonly string[];
  readonly synonyms: readonly string[];
  readonly profiles?: readonly string[] | undefined;
  readonly categories?: readonly string[] | undefined;
  readonly deprecated: boolean;
  readonly replaced_by?: string | undefined;
}

export interface AttributeDocument {
  readonly name: string;
  readonly description: string;
  readonly scope: 'image' | 'product' | 'variant';
  readonly selection: 'single' | 'multi';
  readonly max_values?: number | undefined;
  readonly scoring: 'softmax' | 'binary-contrast' | 'ranked-softmax';
  readonly reliability: 'high' | 'medium' | 'low';
  readonly policy: 'decide' | 'suggest-only';
  readonly views?: readonly string[] | undefined;
  readonly presentations?: readonly string[] | undefined;
  readonly requires: readonly { readonly attribute: string; readonly any_of: readonly string[] }[];
  readonly null_prompts: readonly string[];
  readonly neutral_prompts: readonly string[];
  readonly values: readonly ValueDocument[];
}

export interface Documents {
  readonly taxonomy: TaxonomyDocument;
  readonly categories: readonly CategoryDocument[];
  readonly profiles: Readonly<Record<string, ProfileDocument>>;
  /** By file name without `.yaml`. */
  readonly attributes: Readonly<Record<string, AttributeDocument>>;
  readonly shopify: {
    readonly categories: Readonly<Record<string, Pick<Mapping, 'gid' | 'match'>>>;
    readonly attributes: Readonly<
      Record<string, readonly { readonly handle: string; readonly gid: string | null }[]>
    >;
    readonly values: Readonly<Record<string, { readonly values: readonly LooseMapping[] }>>;
  };
  readonly google: {
    readonly categories: Readonly<Record<string, { readonly id: number }>>;
    readonly attributes: Readonly<Record<string, string>>;
    readonly values: Readonly<Record<string, string>>;
  };
  readonly schemaOrg: { readonly attributes: Readonly<Record<string, string>> };
}

interface LooseMapping {
  readonly gid: string;
  readonly match: 'exact' | 'broader';
  readonly handle?: string | undefined;
}

/**
 * What could be read. A file that is missing or structurally wrong is null: it has been reported, and nothing is said
 * of what only it could answer.
 */
export type ReadDocuments = {
  readonly [Part in Exclude<keyof Documents, 'attributes'>]: Documents[Part] | null;
} & { readonly attributes: Readonly<Record<string, AttributeDocument | null>> };

/** One thing that is wrong, where. `path`: dotted, into the file. */
export interface TaxonomyProblem {
  readonly file: string;
  readonly path: string;
  readonly message: string;
}
