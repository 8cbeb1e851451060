/** k-means over weighted colours in CIELAB, with a fixed start: same colours, same clusters. */
import type { Lab } from './lab.ts';
import type { ColorCell } from './palette.ts';

export interface Cluster {
  readonly lab: Lab;
  /** Sum of the weights in it. */
  readonly weight: number;
  /** Mean square distance of its members from `lab`, for L, a and b. */
  readonly spread: Lab;
}

/** Lightness counts less than hue: folds and shadows move it, dye does not. */
const lightnessWeight = 0.6;
const rounds = 10;

/** At most `k` clusters, fewer where there are fewer colours; heaviest first. */
export function findClusters(
  cells: readonly ColorCell[],
  weights: Float64Array,
  k: number,
): readonly Cluster[] {
  const used = cells.flatMap((cell, index) =>
    (weights[index] ?? 0) > 0 ? [{ lab: cell.lab, weight: weights[index]! }] : [],
  );
  if (used.length === 0) return [];
  let centres = startingCentres(used, k);
  let clusters: readonly Cluster[] = [];
  for (let round = 0; round < rounds; round++) {
    clusters = assign(used, centres);
    const moved = clusters.map((cluster) => cluster.lab);
    const still =
      moved.length === centres.length && moved.every((lab, i) => distance(lab, centres[i]!) < 0.01);
    centres = moved;
    if (still) break;
  }
  return [...clusters].sort((p, q) => q.weight - p.weight);
}

type Weighted = { readonly lab: Lab; readonly weight: number };

/** The heaviest colour, then again and again the one that is heavy and far from all before it. */
function startingCentres(used: readonly Weighted[], k: number): Lab[] {
  const centres: Lab[] = [];
  const nearest = new Float64Array(used.length).fill(Number.POSITIVE_INFINITY);
  for (let n = 0; n < Math.min(k, used.length); n++) {
    let best = -1;
    let bestScore = 0;
    for (const [i, { weight }] of used.entries()) {
      const score = weight ** 0.5 * (n === 0 ? 1 : nearest[i]!);
      if (score > bestScore) [best, bestScore] = [i, score];
    }
    if (best < 0) break;
    const centre = used[best]!.lab;
    centres.push(centre);
    for (const [i, { lab }] of used.entries()) nearest[i] = Math.min(nearest[i]!, distance(lab, centre));
  }
  return centres;
}

function assign(used: readonly Weighted[], centres: readonly Lab[]): readonly Cluster[] {
  const sums = centres.map(() => new Float64Array(7));
  for (const { lab, weight } of used) {
    const best = nearestCentre(lab, centres);
    const sum = sums[best]!;
    sum[0]! += weight;
    for (let axis = 0; axis < 3; axis++) {
      sum[1 + axis]! += weight * lab[axis]!;
      sum[4 + axis]! += weight * lab[axis]! ** 2;
    }
  }
  return sums
    .filter((sum) => sum[0]! > 0)
    .map((sum) => {
      const weight = sum[0]!;
      const lab = [sum[1]! / weight, sum[2]! / weight, sum[3]! / weight] as const;
      const spread = lab.map((mean, axis) => Math.max(0, sum[4 + axis]! / weight - mean ** 2));
      return { lab, weight, spread: [spread[0]!, spread[1]!, spread[2]!] };
    });
}

/** Index of the nearest of `centres`. */
export function nearestCentre(lab: Lab, centres: readonly Lab[]): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let c = 0; c < centres.length; c++) {
    const d = distance(lab, centres[c]!);
    if (d < least) [best, least] = [c, d];
  }
  return best;
}

function distance(p: Lab, q: Lab): number {
  return lightnessWeight * (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + (p[2] - q[2]) ** 2;
}
