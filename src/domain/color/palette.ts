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

/** Cells of 5 bits a channel, each at the mean of its pixels. */
export function toPalette(data: Uint8Array, gains: Gains): Palette {
  const count = data.length / 3;
  const sums = new Map<number, [number, number, number, number]>();
  const keys = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const [r, g, b] = [data[i * 3]!, data[i * 3 + 1]!, data[i * 3 + 2]!];
    const key = ((r >> 3) << 10) | ((g >> 3) << 5) | (b >> 3);
    keys[i] = key;
    const sum = sums.get(key);
    if (sum) {
      sum[0] += r;
      sum[1] += g;
      sum[2] += b;
      sum[3]++;
    } else sums.set(key, [r, g, b, 1]);
  }
  const order = [...sums.keys()].sort((p, q) => p - q);
  const indexOf = new Map(order.map((key, index) => [key, index]));
  const cells = order.map((key) => {
    const [r, g, b, n] = sums.get(key)!;
    const [lr, lg, lb] = [r, g, b].map((sum, c) => Math.min(1, linearLight(Math.round(sum / n)) * gains[c]!));
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
