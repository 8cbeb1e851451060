/** What the rooms outside may ask, after the door has read it. No HTTP in here. */
import type { ReviewWords } from '../domain/review/types.ts';
import type { TagSet } from '../domain/tagging/types.ts';
import type { Taxonomy } from '../domain/taxonomy/types.ts';
import type { Calibrations, Taxonomies } from './administer.ts';
import type { ImportCalls } from './import-calls.ts';
import type { SubscriptionServices } from './manage-subscriptions.ts';
import type { HistoryEntry, ModelCard, ProductPage, ProductQuery } from './ports.ts';
import type { FailurePage, FailurePosition } from './ports-failures.ts';
import type { Operation, TagRequest } from './ports-work.ts';
import type { ReadChanges } from './read-changes.ts';
import type { ReceiveEvent, Sender } from './receive-event.ts';

export type { ImageInput, TagRequest } from './ports-work.ts';

/** A call that its caller may send again: the same key, the same answer. */
export interface RepeatableCall {
  /** The access key's id; empty where there are none. */
  readonly scope: string;
  readonly key: string;
  /** What else tells two calls apart, beyond the request itself: how the answer is filtered. */
  readonly answer: string;
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

/** What stands behind /readyz. */
export interface Readiness {
  /** Name -> null when fine, else what is wrong. */
  readonly checks: Readonly<Record<string, string | null>>;
  /** The taxonomy's captions, and how many of them the model has encoded; null where it brings its own vectors. */
  readonly captions: { readonly known: number; readonly total: number } | null;
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

/** Events that are told to others. */
export interface OutgoingServices extends SubscriptionServices {
  readonly readChanges: ReadChanges;
}

/** What each room outside may call: the use-cases, constructed once in `composition.ts`. */
export interface Services {
  /** The active one, at this moment: a request asks once. */
  taxonomy(): Taxonomy;
  readonly taxonomies: Taxonomies;
  readonly calibrations: Calibrations;
  readonly outgoing: OutgoingServices;
  /** `call`: answered once within 24 hours, then given again; raises `idempotency.conflict` for other content. */
  tagProduct(request: TagRequest, signal: AbortSignal, call?: RepeatableCall | null): Promise<TagSet>;
  /** The same, later: durable once resolved. */
  acceptTagging(request: TagRequest, signal: AbortSignal, call?: RepeatableCall | null): Promise<Operation>;
  /** Raises `operation.not_found`. */
  readOperation(id: string): Promise<Operation>;
  readTags(productId: string): Promise<TagSet>;
  /** `ifRevisions`: refused with `revision.conflict` where none of them stands; null for any. */
  reviewTags(productId: string, words: ReviewWords, ifRevisions: readonly number[] | null): Promise<TagSet>;
  /** `before`: only revisions older than that one; `next`: where the following page starts, null at the end. */
  readHistory(productId: string, limit: number, before: number | null): Promise<HistoryPage>;
  listProducts(question: ProductQuestion): Promise<ProductPage>;
  deleteProduct(productId: string): Promise<void>;
  /** Accepted work that failed, newest first. */
  listFailures(limit: number, after: FailurePosition | null): Promise<FailurePage>;
  /** Tries it again; raises `operation.not_found`, `operation.conflict`. */
  retryFailure(id: string): Promise<Operation>;
  /** Raises `product.not_found` where there is nothing that a shop withdrew. */
  restoreProduct(productId: string): Promise<TagSet>;
  readonly receiveEvent: ReceiveEvent;
  /** Whether a secret is set for this sender. */
  receives(sender: Sender): boolean;
  readonly imports: ImportCalls;
  describeModel(): ModelReport;
  readiness(): Promise<Readiness>;
}
