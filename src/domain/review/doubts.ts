/** What a review said that is odd but allowed: people know better than a category that may be wrong. */
import type { TagSet, Warning } from '../tagging/types.ts';
import { profilesUnder } from '../taxonomy/applicability.ts';
import { deepestKnown } from '../taxonomy/tree.ts';
import type { Taxonomy } from '../taxonomy/types.ts';
import type { Review } from './types.ts';

/** One warning for each value that was given to an attribute which no product of the category has, or that was taken as another. */
export function doubts(taxonomy: Taxonomy, tagSet: TagSet, review: Review): readonly Warning[] {
  const renewed = review.renewed.map(({ said, taken, pointer }) => ({
    code: 'value.replaced',
    detail: `${said} is not given any more; it was taken as ${taken}.`,
    pointer,
  }));
  return [...renewed, ...notApplicable(taxonomy, tagSet, review)];
}

function notApplicable(taxonomy: Taxonomy, { category }: TagSet, { steps }: Review): readonly Warning[] {
  const id = category.status === 'accepted' ? deepestKnown(taxonomy, category.values[0]?.path ?? []) : null;
  if (id === null) return [];
  const applying = new Set(profilesUnder(taxonomy, id).flatMap(({ attributes }) => attributes));
  return steps
    .filter(({ verb, attribute }) => (verb === 'set' || verb === 'accept') && !applying.has(attribute.id))
    .map(({ attribute, pointer }) => ({
      code: 'attribute.not_applicable',
      detail: `${attribute.id} does not apply to ${id}. It is stored as you said it; is the category right?`,
      pointer,
    }));
}
