/** Light of the shoot: what a white background or the brightest part says of it. */
import { chroma, type Lab, linearLight, rgbToLab } from './lab.ts';
import type { Gains } from './palette.ts';

/** Gains in linear light never beyond these: a grey floor must not be taken for a white one. */
const most = 1.4;

/**
 * A near-white border is taken for white paper or wall and made white, tint included. Else the brightest fiftieth
 * tells how dim the picture is, and all channels are raised alike.
 */
export function findGains(data: Uint8Array, width: number, height: number): Gains {
  const border = borderMedian(data, width, height);
  const lab: Lab = rgbToLab(...border);
  if (lab[0] > 72 && chroma(lab) < 14) {
    const [r, g, b] = border.map((code) => clamp(linearLight(248) / linearLight(code), 0.85, most));
    return [r!, g!, b!];
  }
  const bright = clamp(linearLight(240) / linearLight(Math.max(1, brightest(data))), 1, most);
  return [bright, bright, bright];
}

function borderMedian(data: Uint8Array, width: number, height: number): [number, number, number] {
  const channels: number[][] = [[], [], []];
  const depth = Math.max(1, Math.round(Math.min(width, height) * 0.05));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (Math.min(x, y, width - 1 - x, height - 1 - y) >= depth) continue;
      for (let c = 0; c < 3; c++) channels[c]!.push(data[(y * width + x) * 3 + c]!);
    }
  }
  const [r, g, b] = channels.map((codes) => codes.sort((p, q) => p - q)[codes.length >> 1]!);
  return [r!, g!, b!];
}

/** 8-bit code that 98 % of pixels stay below in their strongest channel. */
function brightest(data: Uint8Array): number {
  const counts = new Uint32Array(256);
  for (let i = 0; i < data.length; i += 3) counts[Math.max(data[i]!, data[i + 1]!, data[i + 2]!)]!++;
  let above = 0;
  for (let code = 255; code > 0; code--) {
    above += counts[code]!;
    if (above > data.length / 150) return code;
  }
  return 1;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
