/** From measured colours to the vocabulary's names. */

import { anchors, notByPixel } from '../../../../src/domain/color/anchors.ts';
import { hexToLab, type Lab } from '../../../../src/domain/color/lab.ts';
import type { ColorShare } from '../../../../src/domain/tagging/types.ts';
import { ciede2000 } from './ciede2000.ts';

export interface ColorValue {
  readonly id: string;
  /** sRGB `#rrggbb`; a value without one is never named by pixels. */
  readonly hex: string | null;
  readonly family: string | null;
}

export interface NamedColor {
  readonly id: string;
  readonly family: string | null;
  /** 0 to 1. */
  readonly share: number;
  /** The measured colour, `#rrggbb`: of the largest part that has this name. */
  readonly hex: string;
  /** CIEDE2000 from the name's nearest point, of that part. */
  readonly distance: number;
}

/** Rule for `multicolor`: no colour with this share, and at least so many names. */
const multicolorShare = 0.3;
const multicolorNames = 4;
/** CIEDE2000 over which a name's likelihood falls to 1/e. */
const softness = 3;

/** Named colours, largest share first; `multicolor` leads where no colour does. Clusters of one name are added up. */
export function nameColors(
  shares: readonly ColorShare[],
  values: readonly ColorValue[],
): readonly NamedColor[] {
  const named = new Map<string, NamedColor>();
  const points = namePoints(values);
  for (const { lab, hex, share } of shares) {
    const best = nearest(lab, points);
    if (!best) continue;
    const { id, family } = best.value;
    const before = named.get(id);
    named.set(
      id,
      before
        ? { ...before, share: before.share + share }
        : { id, family, share, hex, distance: best.distance },
    );
  }
  const colors = [...named.values()].sort((p, q) => q.share - p.share);
  const many = values.find((value) => value.id === 'multicolor');
  const first = colors[0];
  if (many && first && first.share < multicolorShare && colors.length >= multicolorNames) {
    return [{ id: many.id, family: many.family, share: 1, hex: first.hex, distance: 0 }, ...colors];
  }
  return colors;
}

/**
 * Probability of each value, by id, from pixels alone: each cluster gives its share to the names around it, the nearer
 * the more. Every value has an entry; they sum to 1 (all 0 where nothing was measured).
 */
export function pixelDistribution(
  shares: readonly ColorShare[],
  values: readonly ColorValue[],
): ReadonlyMap<string, number> {
  const result = new Map(values.map((value) => [value.id, 0]));
  const points = namePoints(values);
  for (const { lab, share } of shares) {
    const near = points.map(({ value, labs }) => ({ value, distance: distanceTo(lab, labs) }));
    const least = Math.min(...near.map(({ distance }) => distance));
    const likelihoods = near.map(({ distance }) => Math.exp((least - distance) / softness));
    const total = likelihoods.reduce((sum, likelihood) => sum + likelihood, 0);
    for (const [i, { value }] of near.entries()) {
      result.set(value.id, result.get(value.id)! + (share * likelihoods[i]!) / total);
    }
  }
  const sum = [...result.values()].reduce((a, b) => a + b, 0);
  if (sum === 0) return result;
  const lead = nameColors(shares, values)[0];
  for (const [id, mass] of result) {
    const own = mass / sum;
    result.set(id, lead?.id === 'multicolor' ? (id === 'multicolor' ? 0.5 : own / 2) : own);
  }
  return result;
}

type NamePoints = { readonly value: ColorValue; readonly labs: readonly Lab[] };

function namePoints(values: readonly ColorValue[]): readonly NamePoints[] {
  return values.flatMap((value): NamePoints[] => {
    if (notByPixel.has(value.id) || value.hex === null) return [];
    const own = hexToLab(value.hex);
    const labs = anchors.get(value.id) ?? (own ? [own] : []);
    return labs.length > 0 ? [{ value, labs }] : [];
  });
}

function nearest(lab: Lab, points: readonly NamePoints[]) {
  let best: { readonly value: ColorValue; readonly distance: number } | null = null;
  for (const { value, labs } of points) {
    const distance = distanceTo(lab, labs);
    if (!best || distance < best.distance) best = { value, distance };
  }
  return best;
}

function distanceTo(lab: Lab, points: readonly Lab[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const point of points) least = Math.min(least, ciede2000(lab, point));
  return least;
}
