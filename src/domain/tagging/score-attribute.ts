/** Pictures and an attribute's classes to the confidences of its values. */
import type { Attribute, AttributeValue } from '../taxonomy/types.ts';
import type { BankGroup } from './bank.ts';
import { type Classes, classesOf, compete, pooledLogit, readClasses } from './classes.ts';
import { maxCandidates, type Scores } from './decide-values.ts';
import { type Vote, voteWeight } from './guards.ts';
import type { PictureLogits } from './picture-logits.ts';
import { sigmoid } from './probability.ts';
import { best, type TieOrder, tieOrder } from './ranking.ts';
import type { Thresholds } from './thresholds.ts';

/** An attribute's scoring, as far as no picture changes it. */
export interface AttributeScoring {
  readonly attribute: Attribute;
  /** What competes, in the taxonomy's order. */
  readonly values: readonly AttributeValue[];
  readonly classes: Classes;
  readonly ties: TieOrder;
  readonly thresholds: Thresholds;
}

export function scoringOf(
  attribute: Attribute,
  values: readonly AttributeValue[],
  group: BankGroup,
  logits: PictureLogits,
  thresholds: Thresholds,
): AttributeScoring {
  const ids = values.map(({ id }) => id);
  return { attribute, values, classes: classesOf(logits, group, ids), ties: tieOrder(ids), thresholds };
}

/** By `scoring`. Barred values keep their part of the probability and are not told. */
export function scoreAttribute(
  scoring: AttributeScoring,
  votes: readonly Vote[],
  barred: readonly string[] = [],
): Scores {
  if (scoring.attribute.scoring === 'binary-contrast') {
    return { values: told(scoring, contrasts(scoring, votes), barred), none: 0, disagreement: false };
  }
  const { confidence, none, disagreement } = opinion(scoring, votes);
  return { values: told(scoring, confidence, barred), none, disagreement };
}

/**
 * `softmax` and `ranked-softmax`: values and the pooled null class compete; pictures vote by weighted mean of
 * log-probabilities. Everything sums to 1 with `none`.
 *
 * `disagreement`: two pictures are each sure of another value (the null class contradicts nobody). Independent of
 * `accept`, so that raising `accept` can never resolve a contradiction and add a tag.
 */
export function opinion({ attribute, classes, thresholds }: AttributeScoring, votes: readonly Vote[]) {
  const pictures = votes.map(({ place }) => place);
  const weights = votes.map(({ view }) => voteWeight(view, attribute.id));
  const { confidence, none, favourites } = compete(classes, pictures, weights, thresholds.temperature);
  const sure = new Set(favourites.filter((index) => index >= 0));
  return { confidence, none, disagreement: attribute.selection === 'single' && sure.size > 1 };
}

/**
 * `binary-contrast`: every value against the neutral captions, on its own. With several voting pictures a value needs
 * two that support it, or one that comes half-way from `accept` to 1. Both say `accept <= max(second, 2 * best - 1)`,
 * so that is its confidence: it depends on the pictures alone, and raising `accept` can only take values away.
 */
function contrasts({ classes, thresholds }: AttributeScoring, votes: readonly Vote[]): Float64Array {
  const first = new Float64Array(classes.size);
  const second = new Float64Array(classes.size);
  const row = new Float64Array(classes.size);
  for (const { place } of votes) {
    const neutral = pooledLogit(classes.neutrals, place) ?? 0;
    readClasses(classes, place, row);
    for (let index = 0; index < row.length; index++) {
      const confidence = sigmoid((row[index]! - neutral) / thresholds.temperature);
      second[index] = Math.max(second[index]!, Math.min(first[index]!, confidence));
      first[index] = Math.max(first[index]!, confidence);
    }
  }
  if (votes.length === 1) return first;
  for (let index = 0; index < row.length; index++) {
    second[index] = Math.max(second[index]!, 2 * first[index]! - 1);
  }
  return second;
}

function told(
  { attribute, values, ties }: AttributeScoring,
  confidence: Float64Array,
  barred: readonly string[],
): Scores['values'] {
  const left =
    barred.length === 0 ? [] : values.flatMap(({ id }, index) => (barred.includes(id) ? [index] : []));
  return best(confidence, ties, Math.max(maxCandidates, attribute.maxValues), left).map((index) => ({
    id: values[index]!.id,
    name: values[index]!.name,
    confidence: confidence[index]!,
  }));
}
