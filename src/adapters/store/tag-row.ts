/** A TagSet as its row in `products`, and what belongs to a revision of it. All who write TagSets write them through here. */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { productTagged } from '../../domain/events/outgoing.ts';
import type { TagFacts } from '../../domain/tagging/tag-facts.ts';
import type { TagSet } from '../../domain/tagging/types.ts';
import { announce } from './announce.ts';
import { plain } from './rows.ts';
import type { Tables } from './tables.ts';

/** The columns that follow from the TagSet. */
export interface TagRow {
  readonly revision: number;
  /** JSON. */
  readonly tag_set: string;
  readonly category_id: string | null;
  readonly accepted: string[];
  readonly pending: boolean;
  readonly uncertainty: number;
  readonly failed: boolean;
}

export function tagRow(revision: number, tagSet: string, facts: TagFacts): TagRow {
  return {
    revision,
    tag_set: tagSet,
    category_id: facts.category === null ? null : plain(facts.category),
    accepted: facts.accepted.map(plain),
    pending: facts.pending,
    uncertainty: facts.uncertainty,
    failed: facts.failed,
  };
}

export interface Revision {
  readonly productId: string;
  /** What stood before, null for the first, and what stands now. */
  readonly before: () => TagSet | null;
  readonly after: () => TagSet;
}

/**
 * What a revision brings with it, in the transaction that wrote the products' rows: its place in the history, and what
 * is told of it.
 */
export async function recordRevisions(
  trx: Transaction<Tables>,
  revisions: readonly Revision[],
  { cause, causeId }: RevisionCause,
): Promise<void> {
  if (revisions.length === 0) return;
  await sql`
    insert into tag_history (product_id, revision, tag_set, cause)
    select product_id, revision, tag_set, ${plain(cause)} from products
    where product_id = any(${revisions.map(({ productId }) => productId)}::text[])`.execute(trx);
  for (const { before, after } of revisions)
    await announce(trx, productTagged({ before: before(), after: after(), cause, causeId }));
}

export interface RevisionCause {
  readonly cause: string;
  /** The operation, import or job behind it, if any. */
  readonly causeId: string | null;
}

/** The history's latest entries follow what was changed in place. */
export async function renewRevisions(trx: Transaction<Tables>, productIds: readonly string[]): Promise<void> {
  if (productIds.length === 0) return;
  await sql`
    update tag_history set tag_set = products.tag_set from products
    where products.product_id = any(${[...productIds]}::text[])
      and tag_history.product_id = products.product_id and tag_history.revision = products.revision`.execute(
    trx,
  );
}

/** When it was written. */
export const now: RawBuilder<Date> = sql<Date>`clock_timestamp()`;
