/** Which of a product's images are looked at. */
import type { Warning } from '../tagging/types.ts';
import type { CatalogImage } from './catalog-event.ts';

/** Of each variant, and of those that show no single one. */
const mostPerVariant = 8;

/** The first eight of each variant, in their order, and a warning where there were more. */
export function firstImages(images: readonly CatalogImage[]): {
  readonly images: readonly CatalogImage[];
  readonly warnings: readonly Warning[];
} {
  const seen = new Map<string | null, number>();
  const first = images.filter(({ variant }) => {
    const before = seen.get(variant) ?? 0;
    seen.set(variant, before + 1);
    return before < mostPerVariant;
  });
  const skipped = images.length - first.length;
  if (skipped === 0) return { images: first, warnings: [] };
  const detail = `${skipped} of ${images.length} images were left aside: of each variant the first ${mostPerVariant} are looked at.`;
  return { images: first, warnings: [{ code: 'images.skipped', detail, pointer: '/images' }] };
}
