/** Image vectors and a bank group to the confidences of one attribute's values. */

import type { BankGroup } from '../../../../src/domain/tagging/bank.ts';
import type { Scored, Scores } from '../../../../src/domain/tagging/decide-values.ts';
import { type Vote, voteWeight } from '../../../../src/domain/tagging/guards.ts';
import type { Thresholds } from '../../../../src/domain/tagging/thresholds.ts';
import type { Attribute, AttributeValue } from '../../../../src/domain/taxonomy/types.ts';
import { logSoftmax, poolLogRows, sigmoid } from './probability.ts';
import { ranked } from './ranked.ts';
import { pooledLogit, valueLogits } from './similarity.ts';

/**
 * `softmax` and `ranked-softmax`: values and the pooled null class compete; pictures vote by weighted mean of
 * log-probabilities. Everything sums to 1 with `none`.
 */
export function scoreSoftmax(
  attribute: Attribute,
  values: readonly AttributeValue[],
  votes: readonly Vote[],
  group: BankGroup,
  scale: number,
  thresholds: Thresholds,
): Scores {
  const ids = values.map((value) => value.id);
  const rows = votes.map(({ image }) => {
    const logits = valueLogits(image.vector, group.values, scale, ids);
    const none = pooledLogit(image.vector, group.nulls, scale) ?? Number.NEGATIVE_INFINITY;
    return logSoftmax([...logits, none].map((logit) => logit / thresholds.temperature));
  });
  const weights = votes.map((vote) => voteWeight(vote.view, attribute.id));
  const pooled = (rows.length === 1 ? rows[0]! : poolLogRows(rows, weights)).map(Math.exp);
  return {
    values: ranked(named(values, (_, index) => pooled[index]!)),
    none: pooled[values.length] ?? 0,
    disagreement: attribute.selection === 'single' && disagree(rows),
  };
}

/** More likely than all its rivals together: only then does a picture's own winner count as a contradiction. */
const sureOfItself = 0.5;

/**
 * True where two pictures are each sure of another value (the null class contradicts nobody). Independent of `accept`,
 * so that raising `accept` can never resolve a contradiction and add a tag.
 */
function disagree(rows: readonly (readonly number[])[]): boolean {
  const winners = new Set<number>();
  for (const row of rows) {
    row.slice(0, -1).forEach((logP, index) => {
      if (Math.exp(logP) > sureOfItself) winners.add(index);
    });
  }
  return winners.size > 1;
}

/**
 * `binary-contrast`: every value against the neutral captions, on its own. With several voting pictures a value needs
 * two that support it, or one that comes half-way from `accept` to 1. Both say `accept <= max(second, 2 * best - 1)`,
 * so that is its confidence: it depends on the pictures alone, and raising `accept` can only take values away.
 */
export function scoreBinary(
  values: readonly AttributeValue[],
  votes: readonly Vote[],
  group: BankGroup,
  scale: number,
  { temperature }: Thresholds,
): Scores {
  const ids = values.map((value) => value.id);
  const rows = votes.map(({ image }) => {
    const neutral = pooledLogit(image.vector, group.neutrals, scale) ?? 0;
    return valueLogits(image.vector, group.values, scale, ids).map((logit) =>
      sigmoid((logit - neutral) / temperature),
    );
  });
  const scored = named(values, (_, index) => {
    const [best = 0, second] = rows.map((row) => row[index]!).sort((a, b) => b - a);
    return second === undefined ? best : Math.max(second, 2 * best - 1);
  });
  return { values: ranked(scored), none: 0, disagreement: false };
}

function named(
  values: readonly AttributeValue[],
  confidence: (value: AttributeValue, index: number) => number,
): Scored[] {
  return values.map((value, index) => ({
    id: value.id,
    name: value.name,
    confidence: confidence(value, index),
  }));
}
