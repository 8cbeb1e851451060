/** What a caller asks of tagging, after the door has read it. No HTTP in here. */
import type { HangtagError } from '../domain/errors.ts';
import type { ReviewWords } from '../domain/review/types.ts';
import type { TagSet } from '../domain/tagging/types.ts';
import type { Taxonomy } from '../domain/taxonomy/types.ts';
import type { HistoryEntry, ModelCard, ProductPage, ProductQuery } from './ports.ts';

/** One picture of the request: its bytes, or the fault that kept the door from reading them. */
export interface ImageInput {
  readonly content: Uint8Array | HangtagError;
  readonly view: string | null;
  readonly variant: string | null;
  readonly ref: string | null;
}

export interface TagRequest {
  readonly productId: string;
  /** 1 to 8. */
  readonly images: readonly ImageInput[];
  /** A taxonomy id, its name or synonym, a Shopify category GID or a Google category id. */
  readonly category: string | null;
  readonly title: string | null;
  /** Only these are decided and rewritten; null for all. Ids of the taxonomy, already resolved and known. */
  readonly attributes: readonly string[] | null;
  /** Fill `explain` of each decision and `candidates` even where accepted. */
  readonly explain: boolean;
  /** false: answer only, nothing is written. */
  readonly store: boolean;
}

/** Per attribute, what the active model can decide. */
export interface Ability {
  readonly supported: boolean;
  readonly calibrated: boolean;
  readonly threshold: number | null;
  readonly precision: number | null;
  readonly coverage: number | null;
}

export interface ModelReport {
  readonly card: ModelCard;
  readonly calibration: string | null;
  readonly category: Ability;
  readonly attributes: Readonly<Record<string, Ability>>;
}

export interface HistoryPage {
  readonly items: readonly HistoryEntry[];
  readonly next: number | null;
}

/** A list of products as a caller asks for it; the ids are the taxonomy's, already resolved and known. */
export type ProductQuestion = Omit<ProductQuery, 'categories'> & {
  /** Its descendants are meant too; null for all. */
  readonly category: string | null;
};

/** What each room outside may call: the use-cases, constructed once in `composition.ts`. */
export interface Services {
  readonly taxonomy: Taxonomy;
  tagProduct(request: TagRequest, signal: AbortSignal): Promise<TagSet>;
  readTags(productId: string): Promise<TagSet>;
  /** `ifRevision`: refused with `revision.conflict` where another one stands; null for any. */
  reviewTags(productId: string, words: ReviewWords, ifRevision: number | null): Promise<TagSet>;
  /** `before`: only revisions older than that one; `next`: where the following page starts, null at the end. */
  readHistory(productId: string, limit: number, before: number | null): Promise<HistoryPage>;
  listProducts(question: ProductQuestion): Promise<ProductPage>;
  deleteProduct(productId: string): Promise<void>;
  describeModel(): ModelReport;
  /** The checks behind /readyz: name -> null when fine, else what is wrong. */
  readiness(): Promise<Readonly<Record<string, string | null>>>;
}
