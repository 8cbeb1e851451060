/** A TagSet as its row in `products`, and what belongs to a revision of it. All who write TagSets write them through here. */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { TagFacts } from '../../domain/tagging/tag-facts.ts';
import type { TagSet } from '../../domain/tagging/types.ts';
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
  readonly revision: number;
  /** JSON of what stands from now on. */
  readonly text: string;
  /** What stood before, null for the first, and what stands now. Read only by who is to be told. */
  readonly before: () => TagSet | null;
  readonly after: () => TagSet;
}

/** What a revision brings with it, in the transaction that writes it: its place in the history. */
export async function recordRevisions(
  trx: Transaction<Tables>,
  revisions: readonly Revision[],
  cause: string,
  _causeId: string | null,
): Promise<void> {
  if (revisions.length === 0) return;
  const ids = revisions.map(({ productId }) => productId);
  const numbers = revisions.map(({ revision }) => revision);
  const texts = revisions.map(({ text }) => text);
  await sql`
    insert into tag_history (product_id, revision, tag_set, cause)
    select product_id, revision, tag_set::json, ${plain(cause)}
    from unnest(${ids}::text[], ${numbers}::integer[], ${texts}::text[]) as fresh (product_id, revision, tag_set)`.execute(
    trx,
  );
}

/** The history's latest entry follows what was changed in place. */
export async function renewRevisions(
  trx: Transaction<Tables>,
  revisions: readonly Pick<Revision, 'productId' | 'revision' | 'text'>[],
): Promise<void> {
  if (revisions.length === 0) return;
  const ids = revisions.map(({ productId }) => productId);
  const numbers = revisions.map(({ revision }) => revision);
  const texts = revisions.map(({ text }) => text);
  await sql`
    update tag_history set tag_set = fresh.tag_set::json
    from unnest(${ids}::text[], ${numbers}::integer[], ${texts}::text[]) as fresh (product_id, revision, tag_set)
    where tag_history.product_id = fresh.product_id and tag_history.revision = fresh.revision`.execute(trx);
}

/** When it was written. */
export const now: RawBuilder<Date> = sql<Date>`clock_timestamp()`;
