/** Reviews in the small world: words with everything left out, and a model that remembers its pictures. */
import { applyReview } from '../../../src/domain/review/apply-review.ts';
import type { SecondOpinion } from '../../../src/domain/review/hand-back.ts';
import { readReview } from '../../../src/domain/review/read-review.ts';
import type { ReviewWords } from '../../../src/domain/review/types.ts';
import { barredIn } from '../../../src/domain/tagging/bars.ts';
import { decideProduct } from '../../../src/domain/tagging/decide-product.ts';
import { merge } from '../../../src/domain/tagging/merge.ts';
import type { ImageEvidence, TagSet } from '../../../src/domain/tagging/types.ts';
import { bank, taxonomy } from '../tagging/small-world.ts';

const meaning = { taxonomy, bank, calibration: null };
export const at = '2026-11-23T10:00:00.000Z';
const provenance = {
  backend: 'bundled',
  model: 'small@1',
  taxonomy: 'small@1.0.0',
  taxonomyHash: taxonomy.contentHash,
  calibration: null,
  taggedAt: '2026-11-23T09:00:00.000Z',
};

/** A whole run of the model over these pictures, on top of what stands: as tagging does it. */
export function tagged(current: TagSet | null, images: readonly ImageEvidence[]): TagSet {
  const category = current && current.category.source !== 'model' ? current.category : null;
  return merge(current, {
    productId: 'sku',
    title: null,
    answer: decideProduct(meaning, {
      images,
      category,
      attributes: null,
      explain: false,
      barred: barredIn(current),
    }),
    attributes: null,
    images: images.map(({ index, view, variant }) => {
      return { index, status: 'ok', sha256: `picture ${index}`, view, variant, ref: null };
    }),
    provenance,
    warnings: [],
  });
}

const nothing: ReviewWords = {
  set: {},
  clear: [],
  accept: [],
  reject: [],
  reset: [],
  category: null,
  variant: null,
  by: null,
};

/** Reads and applies, in the small world. `images`: what the model still knows of the product. */
export function review(
  current: TagSet,
  words: Partial<ReviewWords>,
  images: readonly ImageEvidence[] | null = null,
): TagSet {
  const model: SecondOpinion = {
    answer: (tagSet, category) =>
      images &&
      decideProduct(meaning, {
        images,
        category,
        attributes: null,
        explain: false,
        barred: barredIn(tagSet),
      }),
    provenance,
  };
  return applyReview(taxonomy, current, readReview(taxonomy, { ...nothing, ...words }), model, at);
}

/** Where a review is refused; fails where nothing is refused. */
export function refusals(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    return (error as { errors: readonly { pointer: string }[] }).errors.map(({ pointer }) => pointer);
  }
  throw new Error('nothing was refused');
}
