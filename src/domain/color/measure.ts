/** Colours of the product in one small picture: foreground, clusters in CIELAB, shades of one cloth put together. */
import type { ColorShare } from '../tagging/types.ts';
import { findClusters } from './clusters.ts';
import { findGains } from './exposure.ts';
import { findForeground } from './foreground.ts';
import { labToHex } from './lab.ts';
import { mergeShades } from './merge-shades.ts';
import { cellWeights, toPalette } from './palette.ts';

/** RGB, 8 bit, row-major, three bytes a pixel; about 96 pixels on the longest side is enough. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

const clusterCount = 6;
const leastShare = 0.03;

/**
 * Colours of the product, largest share first; shares sum to 1. `alpha` (0 to 255 per pixel), where there is one, says
 * what the product is. Same pixels, same answer. Empty only for a picture without pixels.
 */
export function measureColors(picture: Picture, alpha: Uint8Array | null): readonly ColorShare[] {
  const { width, height, data } = picture;
  if (width * height === 0) return [];
  const palette = toPalette(data, alpha ? [1, 1, 1] : findGains(data, width, height));
  const mask = findForeground(palette, picture, alpha);
  const weights = cellWeights(palette, (pixel) => mask[pixel]!);
  const shades = mergeShades(findClusters(palette.cells, weights, clusterCount));
  const total = shades.reduce((sum, shade) => sum + shade.weight, 0);
  const kept = shades.filter((shade) => shade.weight / total >= leastShare);
  const keptTotal = kept.reduce((sum, shade) => sum + shade.weight, 0);
  return kept.map(({ lab, weight }) => ({ lab, hex: labToHex(lab), share: weight / keptTotal }));
}
