/**
 * Enlarging a picture that is smaller than the model's input, as reference pipelines do it: separable, rows first, eight bits
 * in between. Done here because libvips lays an enlarged picture half a pixel to the right and below
 * (github.com/libvips/libvips/issues/4841): measured, 3 to 5 of 255 levels on average, where this here differs by less than 0.03.
 */
import type { InputSpec, Pixels } from '../../application/ports.ts';
import type { Placement } from './geometry.ts';

type Kernel = InputSpec['kernel'];

const reach = { linear: 1, cubic: 2, lanczos3: 3 } as const satisfies Record<Kernel, number>;
const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const curves: Readonly<Record<Kernel, (distance: number) => number>> = {
  linear: (x) => 1 - x,
  // Keys' cubic with a = -0.5, as everywhere here.
  cubic: (x) => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2),
  lanczos3: (x) => sinc(x) * sinc(x / 3),
};

/** For each place along a side: the first source place that it is made of, and the weights of those from there on. */
interface Taps {
  readonly first: number;
  readonly weights: Float64Array;
}

/** Of the places `from` to `to` of a side that is `source` pixels long and becomes `target`. */
function tapsOf(source: number, target: number, from: number, to: number, kernel: Kernel): readonly Taps[] {
  const curve = curves[kernel];
  const scale = source / target;
  return Array.from({ length: to - from }, (_, index) => {
    if (source === target) return { first: from + index, weights: new Float64Array([1]) };
    const centre = (from + index + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - reach[kernel] + 0.5));
    const end = Math.min(source, Math.floor(centre + reach[kernel] + 0.5));
    const weights = Float64Array.from({ length: end - first }, (_, tap) => {
      const distance = Math.abs(first + tap - centre + 0.5);
      return distance < reach[kernel] ? curve(distance) : 0;
    });
    // Beyond the edge is nothing: what is left has the whole weight.
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

export interface Placed {
  readonly pixels: Pixels;
  readonly place: Placement;
}

/**
 * `pixels`, of which no side is longer than `place` says, at that size: of it only what falls into the model's square
 * of `size`, with the place of that. Returns them as they are where nothing is to be enlarged.
 */
export function enlarge(pixels: Pixels, place: Placement, size: number, kernel: Kernel): Placed {
  if (pixels.width === place.width && pixels.height === place.height) return { pixels, place };
  const seen = (offset: number, length: number) =>
    [Math.max(0, -offset), Math.min(length, size - offset)] as const;
  const columns = tapsOf(pixels.width, place.width, ...seen(place.left, place.width), kernel);
  const rows = tapsOf(pixels.height, place.height, ...seen(place.top, place.height), kernel);
  const [width, height] = [columns.length, rows.length];

  const top = rows[0]!.first;
  const last = rows.at(-1)!;
  const wide = widened(pixels, columns, top, last.first + last.weights.length);
  const line = width * 3;
  const data = new Uint8ClampedArray(height * line);
  const sums = new Float64Array(line);
  for (const [y, { first, weights }] of rows.entries()) {
    sums.fill(0);
    for (let tap = 0; tap < weights.length; tap++) {
      const weight = weights[tap]!;
      const start = (first - top + tap) * line;
      for (let x = 0; x < line; x++) sums[x]! += weight * wide[start + x]!;
    }
    data.set(sums, y * line);
  }
  return {
    pixels: { width, height, data: new Uint8Array(data.buffer) },
    place: { width, height, left: Math.max(0, place.left), top: Math.max(0, place.top) },
  };
}

/** The rows `from` to `to`, as wide as there are columns. */
function widened(
  { width, data }: Pixels,
  columns: readonly Taps[],
  from: number,
  to: number,
): Uint8ClampedArray {
  const wide = new Uint8ClampedArray((to - from) * columns.length * 3);
  let out = 0;
  for (let y = from; y < to; y++) {
    for (const { first, weights } of columns) {
      let [red, green, blue] = [0, 0, 0];
      for (let tap = 0, at = (y * width + first) * 3; tap < weights.length; tap++, at += 3) {
        const weight = weights[tap]!;
        red += weight * data[at]!;
        green += weight * data[at + 1]!;
        blue += weight * data[at + 2]!;
      }
      wide[out++] = red;
      wide[out++] = green;
      wide[out++] = blue;
    }
  }
  return wide;
}
