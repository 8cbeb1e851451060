/** Light and shadow of one cloth are one colour: clusters that differ mostly in lightness are put together. */
import type { Cluster } from './clusters.ts';
import { chroma, hueDifference, type Lab } from './lab.ts';

export interface Shade {
  readonly lab: Lab;
  readonly weight: number;
}

/** Heaviest first. A shade stands nearer to its lit part than to its mean: shadow takes light away, nothing adds it. */
export function mergeShades(clusters: readonly Cluster[]): readonly Shade[] {
  let groups: (readonly Cluster[])[] = clusters.map((cluster) => [cluster]);
  for (;;) {
    let best: readonly [number, number] | null = null;
    let bestGap = 1;
    for (let i = 0; i < groups.length; i++) {
      for (let j = i + 1; j < groups.length; j++) {
        const gap = shadeGap(mean(groups[i]!), mean(groups[j]!));
        if (gap < bestGap) {
          best = [i, j];
          bestGap = gap;
        }
      }
    }
    if (!best) break;
    const [i, j] = best;
    const merged = [...groups[i]!, ...groups[j]!];
    groups = [...groups.filter((_, index) => index !== i && index !== j), merged];
  }
  return groups
    .map((group) => ({ lab: lit(group), weight: group.reduce((sum, { weight }) => sum + weight, 0) }))
    .sort((p, q) => q.weight - p.weight || p.lab[0] - q.lab[0]);
}

/** Below 1: one cloth. Allows more lightness than hue, and less lightness where black and white are far apart. */
function shadeGap(p: Lab, q: Lab): number {
  const dL = Math.abs(p[0] - q[0]);
  const [c1, c2] = [chroma(p), chroma(q)];
  const apart = Math.hypot(p[1] - q[1], p[2] - q[2]);
  // Pale cloth has deep shadows; black and grey beside each other are more often two colours.
  const shadow = Math.min(p[0], q[0]) > 45 ? 29 : 23;
  if (Math.max(c1, c2) < 14) return Math.max(dL / shadow, apart / 9);
  if (Math.min(c1, c2) < 8) return Math.max(dL / 20, apart / 11);
  // Folds of saturated cloth change chroma along with lightness, at the same hue.
  return Math.max(dL / 30, hueDifference(p, q) / 20, Math.abs(c1 - c2) / 28, apart / 34);
}

function mean(group: readonly Shade[]): Lab {
  const total = group.reduce((sum, { weight }) => sum + weight, 0);
  const axis = (n: 0 | 1 | 2) => group.reduce((sum, { lab, weight }) => sum + lab[n] * weight, 0) / total;
  return [axis(0), axis(1), axis(2)];
}

function lit(group: readonly Shade[]): Lab {
  const middle = mean(group);
  const total = group.reduce((sum, { weight }) => sum + weight, 0);
  const bright = group.filter(({ lab, weight }) => lab[0] >= middle[0] && weight >= total * 0.15);
  if (bright.length === 0) return middle;
  const light = mean(bright);
  return [(middle[0] + light[0]) / 2, (middle[1] + light[1]) / 2, (middle[2] + light[2]) / 2];
}
