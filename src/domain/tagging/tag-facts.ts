/** What products are found and listed by, as it follows from the TagSet. */
import { awaitsReview, hasFailures, uncertainty } from '../review/standing.ts';
import { acceptedTags } from './tags.ts';
import type { TagSet } from './types.ts';

export interface TagFacts {
  /** The accepted category's id. */
  readonly category: string | null;
  readonly accepted: readonly string[];
  readonly pending: boolean;
  readonly uncertainty: number;
  readonly failed: boolean;
}

export function tagFacts(tagSet: TagSet): TagFacts {
  const { status, values } = tagSet.category;
  return {
    category: status === 'accepted' ? (values[0]?.id ?? null) : null,
    accepted: acceptedTags(tagSet),
    pending: awaitsReview(tagSet),
    uncertainty: uncertainty(tagSet),
    failed: hasFailures(tagSet),
  };
}
