/**
 * Colour: pixel evidence first, the model's opinion where it has one. Ordered, first is primary.
 */

import {
  maxCandidates,
  type Scored,
  type Scores,
  toDecision,
  type Verdict,
} from '../../../../src/domain/tagging/decide-values.ts';
import type { Vote } from '../../../../src/domain/tagging/guards.ts';
import type { Thresholds } from '../../../../src/domain/tagging/thresholds.ts';
import type { ColorShare, Decision } from '../../../../src/domain/tagging/types.ts';
import type { Attribute, AttributeValue } from '../../../../src/domain/taxonomy/types.ts';
import { nameColors, pixelDistribution } from './name.ts';
import { ranked } from './ranked.ts';

/** Weight of the model in log p = a log p_model + (1 - a) log p_pixel: a starting value, not fitted yet. */
const modelWeight = 0.4;
/** Smallest share of the product's pixels at which a second or third colour is named. */
const secondaryShare = 0.25;

export function decideColor(
  attribute: Attribute,
  values: readonly AttributeValue[],
  votes: readonly Vote[],
  model: Scores | null,
  thresholds: Thresholds,
  families: ReadonlyMap<string, readonly string[]>,
  barred: readonly string[] = [],
): { readonly decision: Decision; readonly scores: Scores } {
  const evidence = votes.map((vote) => vote.image.index);
  const shares = pooledShares(votes);
  const named = new Map(nameColors(shares, values).map((color) => [color.id, color]));
  const pixel = pixelDistribution(shares, values);
  const scored = ranked(
    fuse(values, pixel, model).map(({ id, name, confidence, painted }): Scored => {
      const seen = named.get(id);
      if (!seen) return { id, name, confidence, extra: { evidence: model ? 'model' : 'pixel' } };
      // A name for many colours has no colour of its own.
      const hex = painted ? { hex: seen.hex } : {};
      const evidence = model ? 'both' : 'pixel';
      return { id, name, confidence, extra: { ...hex, share: round2(seen.share), evidence } };
    }),
  );
  const open = scored.filter(({ id }) => !barred.includes(id));
  const scores: Scores = { values: open, none: 0, disagreement: false };
  const verdict =
    shares.length === 0 && !model ? nothing : choose(attribute, open, named, thresholds, families);
  return { decision: toDecision(attribute, verdict, scores, thresholds, evidence), scores };
}

const nothing: Verdict = { reason: 'not-visible' };

/** Colours of several pictures, each picture with the same weight and none before another; shares sum to 1. */
function pooledShares(votes: readonly Vote[]): ColorShare[] {
  const all = votes.filter((vote) => vote.image.colors.length > 0);
  return all
    .flatMap((vote) => vote.image.colors.map((color) => ({ ...color, share: color.share / all.length })))
    .sort((a, b) => b.share - a.share || (a.hex < b.hex ? -1 : a.hex > b.hex ? 1 : 0));
}

/** Both distributions multiplied in log space and renormalised; the pixels' alone where the model has no opinion. */
function fuse(
  values: readonly AttributeValue[],
  pixel: ReadonlyMap<string, number>,
  model: Scores | null,
): readonly (Scored & { readonly painted: boolean })[] {
  const opinion = new Map(model?.values.map((value) => [value.id, value.confidence]));
  const floor = 1e-4;
  const raw = values.map((value) => {
    const seen = Math.max(pixel.get(value.id) ?? 0, model ? floor : 0);
    const said = Math.max(opinion.get(value.id) ?? 0, floor);
    return model ? said ** modelWeight * seen ** (1 - modelWeight) : seen;
  });
  const total = raw.reduce((sum, p) => sum + p, 0) || 1;
  return values.map(({ id, name, hex }, index) => ({
    id,
    name,
    confidence: raw[index]! / total,
    painted: hex !== null,
  }));
}

/**
 * Primary: the best shade above `accept`. Else its family, where the family has a value of its own name and its shades
 * together pass. Then every further named colour that covers a quarter of the product.
 */
function choose(
  attribute: Attribute,
  scored: readonly Scored[],
  named: ReadonlyMap<string, { readonly share: number }>,
  { accept, margin }: Thresholds,
  families: ReadonlyMap<string, readonly string[]>,
): Verdict {
  const best = scored[0];
  if (!best) return { reason: 'not-visible' };
  const more = scored
    .slice(1, maxCandidates)
    .filter((value) => (named.get(value.id)?.share ?? 0) >= secondaryShare && value.confidence >= accept / 2);
  if (best.confidence >= accept) {
    const second = scored[1]?.confidence ?? 0;
    if (more.length > 0 || best.confidence - second >= margin) {
      return { values: [best, ...more].slice(0, attribute.maxValues) };
    }
  }
  const family = bestFamily(scored, families);
  const namesake = family && scored.find((value) => value.id === family.id);
  if (namesake && family.confidence >= Math.max(accept, 0.5)) {
    const extra = namesake.extra ?? best.extra;
    const value: Scored = {
      id: namesake.id,
      name: namesake.name,
      confidence: family.confidence,
      ...(extra ? { extra } : {}),
    };
    return {
      values: [value, ...more.filter(({ id }) => !families.get(family.id)?.includes(id))].slice(
        0,
        attribute.maxValues,
      ),
    };
  }
  return { reason: best.confidence < accept ? 'below-threshold' : 'ambiguous' };
}

function bestFamily(
  scored: readonly Scored[],
  families: ReadonlyMap<string, readonly string[]>,
): { readonly id: string; readonly confidence: number } | null {
  let best: { id: string; confidence: number } | null = null;
  for (const [id, members] of families) {
    const confidence = scored.reduce(
      (sum, value) => sum + (members.includes(value.id) ? value.confidence : 0),
      0,
    );
    if (!best || confidence > best.confidence) best = { id, confidence };
  }
  return best;
}

function round2(share: number): number {
  return Math.round(share * 100) / 100;
}
