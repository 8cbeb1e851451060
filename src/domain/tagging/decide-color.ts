/**
 * Colour: pixel evidence first, the model's opinion where it has one. Ordered, first is primary.
 */
import { type Names, namesOf, readColors } from '../color/name.ts';
import type { Attribute, AttributeValue } from '../taxonomy/types.ts';
import { maxCandidates, type Scored, type Scores, toDecision, type Verdict } from './decide-values.ts';
import type { Vote } from './guards.ts';
import { best, type TieOrder, tieOrder } from './ranking.ts';
import type { Thresholds } from './thresholds.ts';
import type { ColorShare, Decision } from './types.ts';

/** Colours that compete, as far as no picture changes it. */
export interface Palette {
  readonly values: readonly AttributeValue[];
  readonly names: Names;
  readonly ties: TieOrder;
  readonly families: readonly Family[];
}

interface Family {
  /** Places of its shades among the values. */
  readonly members: readonly number[];
  /** Place of the value that has the family's own name; -1 where none has. */
  readonly namesake: number;
}

export function paletteOf(
  values: readonly AttributeValue[],
  families: ReadonlyMap<string, readonly string[]>,
): Palette {
  const place = (id: string) => values.findIndex((value) => value.id === id);
  return {
    values,
    names: namesOf(values),
    ties: tieOrder(values.map(({ id }) => id)),
    families: [...families].map(([id, members]) => ({
      members: members.map(place).filter((index) => index >= 0),
      namesake: place(id),
    })),
  };
}

/** Weight of the model in log p = a log p_model + (1 - a) log p_pixel: a starting value, not fitted yet. */
const modelWeight = 0.4;
/** Smallest share of the product's pixels at which a second or third colour is named. */
const secondaryShare = 0.25;

/** `model`: its confidence in each value of the palette, or null where it has no opinion. */
export function decideColor(
  attribute: Attribute,
  palette: Palette,
  votes: readonly Vote[],
  model: Float64Array | null,
  thresholds: Thresholds,
  barred: readonly string[] = [],
): { readonly decision: Decision; readonly scores: Scores } {
  const evidence = votes.map((vote) => vote.image.index);
  const shares = pooledShares(votes);
  const { named, distribution } = readColors(shares, palette.names);
  const confidence = fuse(distribution, model);
  const colors = new Map(named.map((color) => [color.id, color]));
  const told = (place: number): Scored => {
    const { id, name, hex } = palette.values[place]!;
    const base = { id, name, confidence: confidence[place]! };
    const seen = colors.get(id);
    if (!seen) return { ...base, extra: { evidence: model ? 'model' : 'pixel' } };
    const support = { share: round2(seen.share), evidence: model ? 'both' : 'pixel' } as const;
    // A name for many colours has no colour of its own.
    return { ...base, extra: hex === null ? support : { hex: seen.hex, ...support } };
  };
  const left = palette.values.flatMap(({ id }, place) => (barred.includes(id) ? [place] : []));
  const places = best(confidence, palette.ties, maxCandidates, left);
  const scores: Scores = { values: places.map(told), none: 0, disagreement: false };
  const family = () => familyOf(palette, confidence, left, told);
  const verdict =
    shares.length === 0 && !model ? nothing : choose(attribute, scores.values, colors, thresholds, family);
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
function fuse(pixel: Float64Array, model: Float64Array | null): Float64Array {
  const floor = 1e-4;
  const fused = new Float64Array(pixel.length);
  let total = 0;
  for (let place = 0; place < pixel.length; place++) {
    const seen = pixel[place]!;
    fused[place] = model
      ? Math.max(model[place]!, floor) ** modelWeight * Math.max(seen, floor) ** (1 - modelWeight)
      : seen;
    total += fused[place]!;
  }
  for (let place = 0; place < pixel.length; place++) fused[place]! /= total || 1;
  return fused;
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
  family: () => FamilyVerdict | null,
): Verdict {
  const best = scored[0];
  if (!best) return { reason: 'not-visible' };
  const more = scored
    .slice(1)
    .filter((value) => (named.get(value.id)?.share ?? 0) >= secondaryShare && value.confidence >= accept / 2);
  if (best.confidence >= accept) {
    const second = scored[1]?.confidence ?? 0;
    if (more.length > 0 || best.confidence - second >= margin) {
      return { values: [best, ...more].slice(0, attribute.maxValues) };
    }
  }
  const shades = family();
  if (shades && shades.namesake.confidence >= Math.max(accept, 0.5)) {
    const { extra = best.extra, ...namesake } = shades.namesake;
    const value: Scored = extra ? { ...namesake, extra } : namesake;
    const others = more.filter(({ id }) => !shades.members.includes(id));
    return { values: [value, ...others].slice(0, attribute.maxValues) };
  }
  return { reason: best.confidence < accept ? 'below-threshold' : 'ambiguous' };
}

interface FamilyVerdict {
  /** The value of the family's own name, with the confidence of all its shades together. */
  readonly namesake: Scored;
  readonly members: readonly string[];
}

/** The likeliest family, where it has a value of its own name that nobody barred. */
function familyOf(
  { families, values }: Palette,
  confidence: Float64Array,
  barred: readonly number[],
  told: (place: number) => Scored,
): FamilyVerdict | null {
  let best: Family | null = null;
  let most = -1;
  for (const family of families) {
    let sum = 0;
    for (const place of family.members) if (!barred.includes(place)) sum += confidence[place]!;
    if (sum > most) {
      best = family;
      most = sum;
    }
  }
  if (!best || best.namesake < 0 || barred.includes(best.namesake)) return null;
  const members = best.members.map((place) => values[place]!.id);
  return { namesake: { ...told(best.namesake), confidence: most }, members };
}

function round2(share: number): number {
  return Math.round(share * 100) / 100;
}
