/** What is told to whoever asked: the kinds of events, and what each says. */
import { published } from '../tagging/published.ts';
import type { TagSet } from '../tagging/types.ts';
import { tagChanges } from './outgoing-changes.ts';

export const outgoingTypes = [
  'product.tagged',
  'product.tag_failed',
  'product.deleted',
  'import.finished',
  'retag_job.finished',
] as const;
export type OutgoingType = (typeof outgoingTypes)[number];

/** Before it has an id, a time and a place among the others. */
export interface OutgoingEvent {
  readonly type: OutgoingType;
  /** Whose deletion forgets it; null where it is about no single product. */
  readonly productId: string | null;
  /** Anything that JSON can hold. */
  readonly data: object;
}

export interface Tagged {
  readonly before: TagSet | null;
  /** With its new revision, without explanations. */
  readonly after: TagSet;
  /** `request`, `webhook`, `import`, `review`, `retag`, or `restore` where a withdrawn product is back. */
  readonly cause: string;
  /** The operation, import or job behind it, if any. */
  readonly causeId: string | null;
}

export function productTagged({ before, after, cause, causeId }: Tagged): OutgoingEvent {
  const { productId, revision } = after;
  const changes = tagChanges(before, after);
  const data = { productId, revision, cause, causeId, tagSet: published(after), changes };
  return { type: 'product.tagged', productId, data };
}

export function productDeleted(productId: string): OutgoingEvent {
  return { type: 'product.deleted', productId, data: { productId } };
}

/** Counts of lines; those of failed ones include what could not be read. */
export interface ImportCounts {
  readonly total: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly failed: number;
}

export function importFinished(importId: string, counts: ImportCounts): OutgoingEvent {
  const { total, changed, unchanged, failed } = counts;
  return { type: 'import.finished', productId: null, data: { importId, total, changed, unchanged, failed } };
}

/** Accepted work that came to nothing. `cause` as with `productTagged`. */
export function productTagFailed(
  productId: string,
  operationId: string,
  cause: string,
  error: { readonly code: string; readonly detail: string },
): OutgoingEvent {
  const { code, detail } = error;
  const data = { productId, operationId, cause, error: { code, detail } };
  return { type: 'product.tag_failed', productId, data };
}
