/** Byte arithmetic on decoded pixels: splitting alpha off, and laying a picture into the model's square. */
import type { Pixels } from '../../application/ports.ts';
import type { Placement } from './geometry.ts';

/** What a decoder gives: 1 (grey), 2 (grey, alpha), 3 or 4 channels of 8 bits. */
export interface Decoded {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** RGB composited on white, and the opacity where any pixel is not opaque. */
export function splitAlpha({ width, height, channels, data }: Decoded): {
  readonly pixels: Pixels;
  readonly alpha: Uint8Array | null;
} {
  if (channels === 3) return { pixels: { width, height, data }, alpha: null };
  const count = width * height;
  const grey = channels < 3;
  const rgb = new Uint8Array(count * 3);
  const alpha = new Uint8Array(count).fill(255);
  let transparent = false;
  for (let i = 0; i < count; i++) {
    const from = i * channels;
    const opacity = channels % 2 === 0 ? data[from + channels - 1]! : 255;
    alpha[i] = opacity;
    transparent ||= opacity < 255;
    for (let c = 0; c < 3; c++) {
      const value = data[from + (grey ? 0 : c)]!;
      rgb[i * 3 + c] = Math.round((value * opacity + 255 * (255 - opacity)) / 255);
    }
  }
  return { pixels: { width, height, data: rgb }, alpha: transparent ? alpha : null };
}

/** The model's square: what of `pixels` falls into it, and around that `fill`, or the border colour of the picture. */
export function layInto(
  size: number,
  pixels: Pixels,
  { left, top }: Placement,
  fill?: readonly [number, number, number],
): Pixels {
  if (left === 0 && top === 0 && pixels.width === size && pixels.height === size) return pixels;
  const out = new Uint8Array(size * size * 3);
  if (left > 0 || top > 0) {
    const around = fill ?? borderColor(pixels);
    for (let i = 0; i < out.length; i += 3) out.set(around, i);
  }
  const fromX = Math.max(0, -left);
  const toX = Math.max(0, left);
  const columns = Math.min(pixels.width - fromX, size - toX);
  for (let y = Math.max(0, top); y < Math.min(size, top + pixels.height); y++) {
    const start = ((y - top) * pixels.width + fromX) * 3;
    out.set(pixels.data.subarray(start, start + columns * 3), (y * size + toX) * 3);
  }
  return { width: size, height: size, data: out };
}

/** Median of the outermost pixels, channel by channel: a hair or a corner mark does not tint it. */
export function borderColor({ width, height, data }: Pixels): readonly [number, number, number] {
  const channels: [number[], number[], number[]] = [[], [], []];
  for (let y = 0; y < height; y++) {
    const edge = y === 0 || y === height - 1;
    for (let x = 0; x < width; x += edge ? 1 : Math.max(1, width - 1)) {
      for (const [c, values] of channels.entries()) values.push(data[(y * width + x) * 3 + c]!);
    }
  }
  const [r, g, b] = channels.map((values) => values.sort((p, q) => p - q)[values.length >> 1] ?? 255);
  return [r ?? 255, g ?? 255, b ?? 255];
}
