/** Where a TagSet stands in the review: what is listed, and what is looked at first. */
import type { Decision, TagSet } from '../tagging/types.ts';

/**
 * True where the category or an attribute, of a variant too, is suggested or abstains for want of certainty, and nobody
 * has reviewed it as it stands.
 */
export function awaitsReview(tagSet: TagSet): boolean {
  return decisions(tagSet).some(isOpen);
}

/**
 * 0 to 1, four decimals: 1 less the margin of the least sure decision that awaits a review; 0 where none does.
 * The margin is the lead of the best candidate over the next; of a suggestion, over everything else together.
 */
export function uncertainty(tagSet: TagSet): number {
  const margins = decisions(tagSet).filter(isOpen).map(margin);
  return margins.length === 0 ? 0 : Math.round((1 - Math.min(...margins)) * 1e4) / 1e4;
}

/** True where a picture of the product could not be used. */
export function hasFailures(tagSet: TagSet): boolean {
  return tagSet.images.some(({ status }) => status === 'failed');
}

function decisions({ category, attributes, variants }: TagSet): Decision[] {
  const all = [attributes, ...variants.map((variant) => variant.attributes)];
  return [category, ...all.flatMap((some) => Object.values(some))];
}

function isOpen({ status, reason, reviewed }: Decision): boolean {
  const unsure = status === 'abstained' && (reason === 'below-threshold' || reason === 'ambiguous');
  return reviewed === null && (unsure || status === 'suggested');
}

function margin({ status, values, candidates }: Decision): number {
  const [best = 0, next = 0] = candidates.map(({ confidence }) => confidence);
  const confidence = values[0]?.confidence ?? 0;
  const lead = status === 'suggested' ? 2 * confidence - 1 : best - next;
  return Math.min(1, Math.max(0, lead));
}
