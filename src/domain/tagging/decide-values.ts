/** Scores to a decision: the only place where a threshold is applied to an attribute. */
import type { Attribute } from '../taxonomy/types.ts';
import type { Thresholds } from './thresholds.ts';
import type { Candidate, DecidedValue, Decision, Reason } from './types.ts';

export const maxCandidates = 5;

/** One value's confidence, with what colour adds to it. */
export interface Scored extends Candidate {
  readonly extra?: Pick<DecidedValue, 'hex' | 'share' | 'evidence'>;
}

export interface Scores {
  /** Best first: as many as a decision or its explanation can tell of. */
  readonly values: readonly Scored[];
  /** Probability of the pooled null class. */
  readonly none: number;
  /** Two pictures name different values, both with confidence. */
  readonly disagreement: boolean;
}

/**
 * `softmax`: the best value must reach `accept` and lead by `margin`; a multi-valued attribute takes further values
 * that reach half of `accept` and half of the best. `binary-contrast`: every value that reaches `accept`.
 */
export function decideValues(attribute: Attribute, scores: Scores, thresholds: Thresholds): Verdict {
  const { accept, margin } = thresholds;
  const best = scores.values[0];
  if (attribute.scoring === 'binary-contrast') {
    const over = scores.values.filter((value) => value.confidence >= accept).slice(0, attribute.maxValues);
    return over.length > 0 ? { values: over } : { reason: 'below-threshold' };
  }
  if (!best || scores.none >= best.confidence) return { reason: 'not-visible' };
  if (best.confidence < accept) return { reason: 'below-threshold' };
  const second = Math.max(scores.values[1]?.confidence ?? 0, scores.none);
  if (attribute.selection === 'multi') {
    const more = scores.values
      .slice(1, attribute.maxValues)
      .filter((value) => value.confidence >= Math.max(accept, best.confidence) / 2);
    if (more.length > 0) return { values: [best, ...more] };
  }
  if (best.confidence - second < margin || scores.disagreement) return { reason: 'ambiguous' };
  return { values: [best] };
}

export type Verdict = { readonly values: readonly Scored[] } | { readonly reason: Reason };

/** The decision as it is stored: status from the verdict, the attribute's policy and the calibration's standing. */
export function toDecision(
  attribute: Pick<Attribute, 'policy'>,
  verdict: Verdict,
  scores: Pick<Scores, 'values'>,
  thresholds: Thresholds,
  evidence: readonly number[],
): Decision {
  const base = {
    source: 'model',
    threshold: thresholds.accept,
    evidence,
    rejected: [],
    reviewed: null,
  } as const;
  if ('reason' in verdict) {
    return {
      status: 'abstained',
      reason: verdict.reason,
      ...base,
      values: [],
      candidates: candidates(scores.values),
    };
  }
  const suggestOnly = attribute.policy === 'suggest-only' || thresholds.status === 'suggest';
  return {
    status: suggestOnly ? 'suggested' : 'accepted',
    ...base,
    values: verdict.values.map(({ id, name, confidence, extra }) => ({
      id,
      name,
      confidence: rounded(confidence),
      ...extra,
    })),
    candidates: [],
  };
}

export function candidates(values: readonly Scored[]): Candidate[] {
  return values
    .filter((value) => value.confidence > 0.005)
    .slice(0, maxCandidates)
    .map(({ id, name, confidence }) => ({ id, name, confidence: rounded(confidence) }));
}

/** Four decimals: stable in JSON, finer than any threshold. */
export function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
