/**
 * A product decided anew from what is stored of it: its pictures' vectors and colours, what people barred, and what its shop
 * said. Nothing is looked at again.
 */
import type { CatalogState } from '../events/catalog-state.ts';
import { saidCategory, withMerchantWords, withoutMerchantWords } from '../events/merchant-words.ts';
import { barredIn } from './bars.ts';
import { decideProduct, type Meaning } from './decide-product.ts';
import { changed, merge } from './merge.ts';
import type { ColorShare, ImageEvidence, Provenance, TagSet, Warning } from './types.ts';

export interface KnownPicture {
  /** Under the meaning's model. */
  readonly vector: Float32Array;
  readonly colors: readonly ColorShare[];
}

export interface StoredProduct {
  readonly current: TagSet;
  /** By sha256. */
  readonly pictures: ReadonlyMap<string, KnownPicture>;
  /** What its shop says of it; null where no shop does: merchants' words that stand then stay as they are. */
  readonly catalog: CatalogState | null;
}

/** `same`: nothing is to be written. `unknown`: a picture has no vector under this model, so nothing can be said. */
export type Redecided =
  | { readonly kind: 'same' | 'unknown' }
  | {
      readonly kind: 'decided';
      /** Its revision is the next one where it `revise`s. */
      readonly tagSet: TagSet;
      /** false: only confidences, thresholds or provenance are others. */
      readonly revise: boolean;
    };

/** Pure. A product none of whose pictures could be used is `unknown`. */
export function redecide(
  meaning: Meaning,
  { current, pictures, catalog }: StoredProduct,
  provenance: Omit<Provenance, 'notSupported'>,
): Redecided {
  const images = evidence(current, pictures);
  if (!images) return { kind: 'unknown' };
  const { taxonomy, calibration } = meaning;
  const before = catalog ? withoutMerchantWords(current) : current;
  const standing = current.category.source === 'model' ? null : current.category;
  const category = catalog
    ? saidCategory(taxonomy, catalog, current.category)
    : { said: standing, warnings: [] };
  const merged = merge(before, {
    productId: current.productId,
    title: null,
    answer: decideProduct(meaning, {
      images,
      category: category.said,
      attributes: null,
      explain: false,
      barred: barredIn(before),
    }),
    attributes: null,
    images: current.images,
    provenance,
    warnings: [],
  });
  const spoken = catalog ? withMerchantWords(taxonomy, merged, catalog) : { said: merged, warnings: [] };
  const kept = current.warnings.filter(
    ({ code }) => !(catalog ? saidAnew : ['calibration.none']).includes(code),
  );
  const warnings = [
    ...category.warnings,
    ...spoken.warnings,
    ...kept,
    ...(calibration ? [] : [uncalibrated]),
  ];
  const decided: TagSet = { ...spoken.said, warnings };
  // When it was decided is no difference of its own.
  const { taggedAt } = current.provenance;
  const dated = { ...decided, provenance: { ...decided.provenance, taggedAt } };
  if (JSON.stringify(dated) === JSON.stringify(current)) return { kind: 'same' };
  const revise = changed(current, decided);
  return { kind: 'decided', tagSet: { ...decided, revision: current.revision + (revise ? 1 : 0) }, revise };
}

/** Warnings that every run with the catalog's words gives anew. */
const saidAnew = [
  'calibration.none',
  'category.unknown',
  'attribute.unknown',
  'attribute.shared',
  'attribute.value_unknown',
];

export const uncalibrated: Warning = {
  code: 'calibration.none',
  detail: 'No thresholds are fitted for this model and taxonomy version: cautious defaults were applied.',
};

/** null unless everything that was usable is known to this model. */
function evidence(current: TagSet, pictures: StoredProduct['pictures']): readonly ImageEvidence[] | null {
  const usable = current.images.filter(({ sha256 }) => sha256 !== undefined);
  const found = usable.flatMap(({ index, view, variant, sha256 }): ImageEvidence[] => {
    const picture = pictures.get(sha256!);
    return picture ? [{ index, vector: picture.vector, colors: picture.colors, view, variant }] : [];
  });
  return found.length > 0 && found.length === usable.length ? found : null;
}
