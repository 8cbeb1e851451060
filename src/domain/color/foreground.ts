/**
 * Which pixels are the product. No learning: what lies at the border is background, what lies in the middle is
 * product, and two small colour mixtures, refined a few times, decide between. Where both look the same (white on
 * white, cloth that fills the picture) the place alone decides, and the middle is enough to tell the colour.
 */
import { type Cluster, findClusters } from './clusters.ts';
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
const colorSay = 5;

/** 1 for product, 0 for background, per pixel. Never empty. */
export function findForeground(palette: Palette, area: Area, alpha: Uint8Array | null): Uint8Array {
  if (alpha) {
    const opaque = alpha.map((opacity) => (opacity >= 200 ? 1 : 0));
    if (opaque.some((value) => value === 1)) return opaque;
  }
  const prior = placeOdds(area);
  let odds = prior;
  let mask = odds.map((value) => (value > 0.5 ? 1 : 0));
  for (let round = 0; round < refinements; round++) {
    const inside = mixture(palette, (i) => (mask[i] === 1 ? sigmoid(prior[i]!) : 0));
    const outside = mixture(palette, (i) => (mask[i] === 1 ? 0 : sigmoid(-prior[i]!)));
    if (inside.length === 0 || outside.length === 0) break;
    const byCell = palette.cells.map(({ lab }) => {
      const say = logLikelihood(lab, inside) - logLikelihood(lab, outside);
      return Math.max(-colorSay, Math.min(colorSay, say));
    });
    const colour = Float64Array.from(palette.cellOf, (cell) => byCell[cell]!);
    const smooth = blur(blur(colour, area), area);
    odds = smooth.map((value, i) => value + prior[i]!);
    mask = odds.map((value) => (value > 0 ? 1 : 0));
  }
  const found = Uint8Array.from(mask);
  const share = found.reduce((sum, value) => sum + value, 0) / found.length;
  return share >= 0.04 ? found : Uint8Array.from(prior, (value) => (value > 0.5 ? 1 : 0));
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
      odds[y * width + x] = edge > 0.94 ? -3 : 2.2 - 3.4 * radius ** 2;
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
  const out = new Float64Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      let count = 0;
      for (let j = Math.max(0, y - 1); j <= Math.min(height - 1, y + 1); j++) {
        for (let i = Math.max(0, x - 1); i <= Math.min(width - 1, x + 1); i++) {
          sum += values[j * width + i]!;
          count++;
        }
      }
      out[y * width + x] = sum / count;
    }
  }
  return out;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
