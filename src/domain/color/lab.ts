/** sRGB (8 bit, D65) to CIELAB and back. */

export type Lab = readonly [L: number, a: number, b: number];

/** White point D65, 2 degrees, Y = 1. */
const white = [0.95047, 1, 1.08883] as const;
const epsilon = 216 / 24389;
const kappa = 24389 / 27;

/** Linear light of each 8-bit code: a table, because it is asked for millions of pixels. */
const linearOf = Float64Array.from({ length: 256 }, (_, code) => toLinear(code / 255));

function toLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function toGamma(value: number): number {
  return value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055;
}

/** Linear light, 0 to 1, of an 8-bit code value. */
export function linearLight(code: number): number {
  return linearOf[code] ?? 0;
}

/** From linear light, 0 to 1. */
export function linearToLab(r: number, g: number, b: number): Lab {
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / white[0]);
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / white[2]);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** From 8-bit code values. */
export function rgbToLab(r: number, g: number, b: number): Lab {
  return linearToLab(linearLight(r), linearLight(g), linearLight(b));
}

function f(t: number): number {
  return t > epsilon ? Math.cbrt(t) : (kappa * t + 16) / 116;
}

/** To 8-bit code values; what lies outside sRGB is clipped. */
export function labToRgb([L, a, b]: Lab): readonly [number, number, number] {
  const fy = (L + 16) / 116;
  const [x, y, z] = [inverse(fy + a / 500) * white[0], inverse(fy), inverse(fy - b / 200) * white[2]];
  const codes = [
    3.2404542 * x - 1.5371385 * y - 0.4985314 * z,
    -0.969266 * x + 1.8760108 * y + 0.041556 * z,
    0.0556434 * x - 0.2040259 * y + 1.0572252 * z,
  ].map((value) => Math.round(255 * toGamma(Math.min(1, Math.max(0, value)))));
  return [codes[0]!, codes[1]!, codes[2]!];
}

function inverse(t: number): number {
  return t ** 3 > epsilon ? t ** 3 : (116 * t - 16) / kappa;
}

/** `#rrggbb`. */
export function labToHex(lab: Lab): string {
  return `#${labToRgb(lab)
    .map((code) => code.toString(16).padStart(2, '0'))
    .join('')}`;
}

/** From `#rrggbb`; null for anything else. */
export function hexToLab(hex: string): Lab | null {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex);
  if (!match) return null;
  const [r, g, b] = match.slice(1).map((part) => Number.parseInt(part, 16));
  return rgbToLab(r!, g!, b!);
}

export function chroma([, a, b]: Lab): number {
  return Math.hypot(a, b);
}

/** Degrees between two hues, 0 to 180. */
export function hueDifference(p: Lab, q: Lab): number {
  const turn = Math.abs(Math.atan2(p[2], p[1]) - Math.atan2(q[2], q[1])) * (180 / Math.PI);
  return Math.min(turn, 360 - turn);
}
