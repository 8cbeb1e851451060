/**
 * A picture as a short list of colours with counts. All that follows works on this list: it is fast, and the order of
 * pixels cannot matter, so a mirrored picture measures the same.
 */
import { type Lab, linearLight, linearToLab } from './lab.ts';

export interface ColorCell {
  readonly lab: Lab;
}

export interface Palette {
  readonly cells: readonly ColorCell[];
  /** Index of each pixel's cell. */
  readonly cellOf: Uint16Array;
}

/** Gains in linear light, by which each channel is multiplied before anything is measured. */
export type Gains = readonly [number, number, number];

/** Luminance from which on gains apply in full: below it a lens adds haze, and black raised by a gain would be grey. */
const fullGain = 0.12;

/** Cells that are worked on without coarsening: the time of all that follows is proportional to them. */
const mostCells = 1200;

/** Cells of 5 bits a channel, each at the mean of its pixels; of 4 or 3 bits where that gives too many of them. */
export function toPalette(data: Uint8Array, gains: Gains, bits = 5): Palette {
  const drop = 8 - bits;
  const count = data.length / 3;
  const sums = new Map<number, [number, number, number, number]>();
  const keys = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const [r, g, b] = [data[i * 3]!, data[i * 3 + 1]!, data[i * 3 + 2]!];
    const key = ((r >> drop) << 10) | ((g >> drop) << 5) | (b >> drop);
    keys[i] = key;
    const sum = sums.get(key);
    if (sum) {
      sum[0] += r;
      sum[1] += g;
      sum[2] += b;
      sum[3]++;
    } else sums.set(key, [r, g, b, 1]);
  }
  if (bits > 3 && sums.size > mostCells) return toPalette(data, gains, bits - 1);
  const order = [...sums.keys()].sort((p, q) => p - q);
  const indexOf = new Map(order.map((key, index) => [key, index]));
  const cells = order.map((key) => {
    const [r, g, b, n] = sums.get(key)!;
    const light = [r, g, b].map((sum) => linearLight(Math.round(sum / n)));
    const say = Math.min(1, (0.2126 * light[0]! + 0.7152 * light[1]! + 0.0722 * light[2]!) / fullGain);
    const [lr, lg, lb] = light.map((value, c) => Math.min(1, value * (1 + (gains[c]! - 1) * say)));
    return { lab: linearToLab(lr!, lg!, lb!) };
  });
  return { cells, cellOf: keys.map((key) => indexOf.get(key)!) };
}

/** How much each cell weighs when its pixels weigh `weight(pixel)`. */
export function cellWeights({ cells, cellOf }: Palette, weight: (pixel: number) => number): Float64Array {
  const weights = new Float64Array(cells.length);
  for (let i = 0; i < cellOf.length; i++) weights[cellOf[i]!]! += weight(i);
  return weights;
}
