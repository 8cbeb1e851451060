/**
 * Which pixels are the product. No learning: what lies at the border is background, what lies in the middle is
 * product, and two small colour mixtures, refined a few times, decide between. Where both look the same (white on
 * white, cloth that fills the picture) the place alone decides, and the middle is enough to tell the colour.
 */
import { type Cluster, findClusters, nearestCentre } from './clusters.ts';
import type { Lab } from './lab.ts';
import { cellWeights, type Palette } from './palette.ts';

export interface Area {
  readonly width: number;
  readonly height: number;
}

const refinements = 4;
const components = 5;
/** Smallest variance of a component for L, a and b: below it two shades of one cloth would tear apart. */
const floor = [30, 10, 10] as const;
/** Natural log odds, at most, that colour may speak against the place. */
const colorSay = 6;
/** Smaller finds are specks: the middle of the picture is taken instead. */
const leastShare = 0.04;

/** 1 for product, 0 for background, per pixel. Never empty. */
export function findForeground(palette: Palette, area: Area, alpha: Uint8Array | null): Uint8Array {
  if (alpha) {
    const opaque = alpha.map((opacity) => (opacity >= 200 ? 1 : 0));
    if (opaque.some((value) => value === 1)) return opaque;
  }
  const prior = placeOdds(area);
  const belief = prior.map(sigmoid);
  const own = ownShare(palette, prior);
  const middle = 0.4 * Math.max(...prior);
  let mask = Uint8Array.from(prior, (odds) => (odds > middle ? 1 : 0));
  const first = mask;
  for (let round = 0; round < refinements; round++) {
    const now = mask;
    const inside = mixture(palette, (i) => (now[i] === 1 ? belief[i]! * own[palette.cellOf[i]!]! : 0));
    const outside = mixture(palette, (i) => (now[i] === 1 ? 0 : 1 - belief[i]!));
    if (inside.length === 0 || outside.length === 0) break;
    const colour = colorOdds(palette, inside, outside);
    const smooth = blur(blur(colour, area), area);
    mask = now.map((_, i) => (smooth[i]! + prior[i]! > 0 ? 1 : 0));
  }
  const share = mask.reduce((sum, value) => sum + value, 0) / mask.length;
  return share >= leastShare ? mask : first;
}

/** Per pixel: natural log odds for the product by colour alone. */
function colorOdds(
  { cells, cellOf }: Palette,
  inside: readonly Cluster[],
  outside: readonly Cluster[],
): Float64Array {
  const byCell = cells.map(({ lab }) => {
    const odds = logLikelihood(lab, inside) - logLikelihood(lab, outside);
    return Math.max(-colorSay, Math.min(colorSay, odds));
  });
  const odds = new Float64Array(cellOf.length);
  for (let i = 0; i < odds.length; i++) odds[i] = byCell[cellOf[i]!]!;
  return odds;
}

/**
 * Per cell: how much of it in the middle cannot be the background showing beside a small product, 0.05 to 1. A colour
 * that is as frequent at the border is background; where that holds for all colours, it tells nothing and harms nothing.
 */
function ownShare({ cells, cellOf }: Palette, prior: Float64Array): readonly number[] {
  const all = new Float64Array(cells.length);
  for (const cell of cellOf) all[cell]!++;
  const clusters = findClusters(cells, all, 8);
  const centres = clusters.map((cluster) => cluster.lab);
  const home = cells.map(({ lab }) => nearestCentre(lab, centres));
  const inside = new Float64Array(clusters.length);
  const outside = new Float64Array(clusters.length);
  let insideTotal = 0;
  let outsideTotal = 0;
  for (let i = 0; i < cellOf.length; i++) {
    const cell = cellOf[i]!;
    const product = sigmoid(2 * prior[i]!);
    inside[home[cell]!]! += product;
    outside[home[cell]!]! += 1 - product;
    insideTotal += product;
    outsideTotal += 1 - product;
  }
  return home.map((c) =>
    Math.max(0.05, 1 - (0.95 * outside[c]! * insideTotal) / (outsideTotal * inside[c]! + 1e-9)),
  );
}

/** Log odds of a place to show the product: high in the middle, low at the border. */
function placeOdds({ width, height }: Area): Float64Array {
  const odds = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const u = (2 * (x + 0.5)) / width - 1;
      const v = (2 * (y + 0.5)) / height - 1;
      const edge = Math.max(Math.abs(u), Math.abs(v));
      const radius = Math.hypot(u, v);
      odds[y * width + x] = edge > 0.94 ? -3 : 1.5 - 2.6 * radius ** 2;
    }
  }
  return odds;
}

function mixture(palette: Palette, weight: (pixel: number) => number): readonly Cluster[] {
  return findClusters(palette.cells, cellWeights(palette, weight), components);
}

function logLikelihood(lab: Lab, clusters: readonly Cluster[]): number {
  let total = 0;
  let density = 1e-9;
  for (const { weight } of clusters) total += weight;
  for (const { lab: mean, weight, spread } of clusters) {
    let exponent = 0;
    let volume = 1;
    for (let axis = 0; axis < 3; axis++) {
      const variance = spread[axis]! + floor[axis]!;
      exponent += (lab[axis]! - mean[axis]!) ** 2 / variance;
      volume *= variance;
    }
    density += ((weight / total) * Math.exp(-exponent / 2)) / Math.sqrt(volume);
  }
  return Math.log(density);
}

/** Mean over 3 by 3, borders included: single pixels do not decide. */
function blur(values: Float64Array, { width, height }: Area): Float64Array {
  const rows = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const x = i % width;
    rows[i] = meanOfThree(values, i, 1, x > 0, x < width - 1);
  }
  const out = new Float64Array(values.length);
  const below = width * (height - 1);
  for (let i = 0; i < values.length; i++) out[i] = meanOfThree(rows, i, width, i >= width, i < below);
  return out;
}

function meanOfThree(values: Float64Array, i: number, step: number, before: boolean, after: boolean): number {
  const sum = values[i]! + (before ? values[i - step]! : 0) + (after ? values[i + step]! : 0);
  return sum / (1 + Number(before) + Number(after));
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
