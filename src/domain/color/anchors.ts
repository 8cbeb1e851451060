/**
 * How named colours look on photographed cloth, as CIELAB points: a photographed navy is not the printed one, and a
 * name covers a region, not a point. Keyed by colour value id; ids that are not here have their own hex as the only
 * point. Read off product photos by eye.
 */
import type { Lab } from './lab.ts';

/** L, a, b, L, a, b and so on: flat, so that a name stays on a line or two. */
const points: Readonly<Record<string, readonly number[]>> = {
  black: [4, 0, 0, 10, 0, -1, 16, 0, -1, 22, 0, -1, 24, 1, 0, 15, 2, 2, 11, 5, -5],
  charcoal: [32, 0, -1, 37, 0, -2, 33, 0, 2],
  gray: [44, 0, -1, 52, 0, -1, 60, 0, -1, 55, 0, 3, 62, 0, -4, 48, 0, -5],
  'light-gray': [69, 0, -1, 75, 0, -1, 72, 0, 3, 73, -1, -5],
  white: [100, 0, 0, 93, 0, 0, 87, 0, 0, 83, 0, -2, 80, 1, -8, 88, 0, -5, 94, 0, 3],
  ivory: [95, -1, 9, 90, 0, 10, 86, 1, 11, 83, 0, 8],
  beige: [81, 2, 17, 75, 4, 16, 70, 5, 16, 79, 5, 12, 65, 4, 13, 70, 3, 11, 74, -1, 11],
  tan: [66, 8, 27, 60, 10, 25, 65, 8, 20],
  camel: [58, 17, 37, 52, 16, 32],
  brown: [33, 17, 24, 38, 17, 26, 40, 14, 20, 30, 11, 13],
  'dark-brown': [19, 7, 8, 22, 10, 13, 25, 8, 9, 20, 4, 5],
  taupe: [52, 4, 12, 46, 4, 9, 58, 4, 10],
  rust: [43, 45, 52, 46, 38, 40],
  burgundy: [24, 34, 8, 20, 22, 6, 29, 38, 13, 32, 32, 6],
  red: [42, 66, 44, 48, 62, 38, 36, 54, 32, 40, 52, 24, 52, 58, 34],
  coral: [68, 48, 36, 63, 46, 27],
  orange: [66, 42, 72, 60, 48, 58, 70, 32, 60],
  mustard: [68, 10, 68, 62, 12, 56, 58, 10, 48],
  yellow: [87, 2, 85, 90, -5, 60, 82, 5, 65, 86, -2, 42],
  blush: [84, 15, 6, 80, 14, 9, 86, 9, 5],
  pink: [72, 40, -4, 76, 28, 0, 68, 34, 4, 62, 30, 2, 54, 18, 3, 62, 20, 6, 46, 15, 3, 76, 18, -3],
  'hot-pink': [48, 75, -4, 52, 66, -6, 56, 58, 2],
  lavender: [77, 15, -20, 68, 14, -20, 72, 18, -14],
  purple: [31, 43, -43, 38, 30, -28, 27, 24, -20, 45, 30, -25, 50, 18, -8],
  navy: [13, 2, -18, 18, 2, -12, 22, 2, -16, 15, 2, -8, 25, 0, -12, 28, 2, -20, 29, 1, -9, 34, 1, -15],
  blue: [
    41, 12, -55, 36, 8, -36, 46, 0, -34, 42, 0, -22, 52, -3, -32, 34, 18, -52, 54, -1, -20, 59, 2, -30, 58, 6,
    -40, 52, 8, -30,
  ],
  'light-blue': [79, -4, -19, 74, -4, -16, 70, -4, -20, 82, -4, -11, 68, -6, -30],
  teal: [45, -28, -4, 36, -20, -8, 40, -24, -10],
  turquoise: [73, -38, -8, 66, -30, -18, 76, -30, -4],
  mint: [86, -18, 5, 82, -22, 8],
  green: [52, -40, 20, 45, -38, 26, 58, -36, 34, 50, -26, 18],
  'dark-green': [25, -20, 8, 30, -16, 10, 20, -9, 5],
  olive: [44, -6, 32, 38, -4, 20, 32, -3, 14, 46, -4, 22],
  khaki: [69, 0, 25, 60, 0, 20, 64, 1, 17, 58, 0, 12],
  lime: [89, -45, 86, 84, -36, 66, 78, -36, 60],
};

export const anchors: ReadonlyMap<string, readonly Lab[]> = new Map(
  Object.entries(points).map(([id, flat]) => [id, triples(flat)]),
);

function triples(flat: readonly number[]): readonly Lab[] {
  return Array.from({ length: flat.length / 3 }, (_, i) => [
    flat[3 * i]!,
    flat[3 * i + 1]!,
    flat[3 * i + 2]!,
  ]);
}

/** A flat pixel cannot tell metal from cloth, nor see-through from pale; `multicolor` follows from a rule. */
export const notByPixel: ReadonlySet<string> = new Set([
  'silver',
  'gold',
  'rose-gold',
  'bronze',
  'clear',
  'multicolor',
]);
