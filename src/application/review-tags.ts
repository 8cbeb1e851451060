/**
 * A person's word over a product's tags. The check of the revision, the review and the write happen under one lock;
 * what the model would say is worked out from what is stored of the pictures, never from the pictures again.
 */
import { HangtagError } from '../domain/errors.ts';
import { applyReview } from '../domain/review/apply-review.ts';
import { doubts } from '../domain/review/doubts.ts';
import type { SecondOpinion } from '../domain/review/hand-back.ts';
import { readReview } from '../domain/review/read-review.ts';
import type { Review } from '../domain/review/types.ts';
import { barredIn } from '../domain/tagging/bars.ts';
import { decideProduct, type Meaning } from '../domain/tagging/decide-product.ts';
import { changed } from '../domain/tagging/merge.ts';
import type { ImageEvidence, TagSet } from '../domain/tagging/types.ts';
import type { Clock, ImageModel, Store, TagWrite } from './ports.ts';
import { provenanceOf } from './provenance.ts';
import { modelKey } from './read-image.ts';
import type { Services } from './tag-request.ts';
import { type LoadProfile, withProfiles } from './with-profiles.ts';

export interface ReviewTagsNeeds {
  readonly meaning: Meaning;
  readonly loadProfile: LoadProfile;
  readonly model: Pick<ImageModel, 'card'>;
  readonly store: Store;
  readonly clock: Clock;
}

type KnownImages = Awaited<ReturnType<Store['findImages']>>;

/** How often a product's pictures may change between looking and locking before the review gives up on the model. */
const looks = 3;

export function createReviewTags(needs: ReviewTagsNeeds): Services['reviewTags'] {
  const { meaning, loadProfile, model, store, clock } = needs;

  return async (productId, words, ifRevisions) => {
    const review = readReview(meaning.taxonomy, words);
    const asksModel =
      review.category !== null || review.steps.some(({ verb }) => verb === 'reset' || verb === 'reject');
    for (let look = 1; ; look++) {
      const seen = await store.findTags(productId);
      if (!seen) throw unknown();
      const known: KnownImages = asksModel
        ? await store.findImages(pictures(seen), modelKey(model))
        : new Map();
      const looked = new Set(pictures(seen));
      const moved = new Error('the pictures changed between looking and locking');
      try {
        const write: TagWrite = {
          productId,
          cause: 'review',
          images: [],
          // Nothing new is stored of the pictures: people's words need no model.
          model: asksModel ? modelKey(model) : '',
          vectors: new Map(),
          input: null,
          call: null,
          decide(current) {
            if (!current) throw unknown();
            if (ifRevisions && !ifRevisions.includes(current.revision)) throw conflict(current.revision);
            if (asksModel && look < looks && pictures(current).some((sha256) => !looked.has(sha256))) {
              throw moved;
            }
            const tagSet = reviewed(needs, current, review, known, clock());
            return { tagSet, revise: changed(current, tagSet) };
          },
        };
        const saved = await withProfiles(loadProfile, () => store.saveTags(write));
        return { ...saved, warnings: [...saved.warnings, ...doubts(meaning.taxonomy, saved, review)] };
      } catch (error) {
        if (error !== moved) throw error;
      }
    }
  };
}

function reviewed(
  { meaning, model }: ReviewTagsNeeds,
  current: TagSet,
  review: Review,
  known: KnownImages,
  at: string,
): TagSet {
  const opinion: SecondOpinion = {
    answer(tagSet, category) {
      const images = evidence(tagSet, known);
      const barred = barredIn(tagSet);
      return images && decideProduct(meaning, { images, category, attributes: null, explain: false, barred });
    },
    // Asked for only where the model's opinion is taken: people's words need no model.
    get provenance() {
      return provenanceOf(meaning, model, at);
    },
  };
  return applyReview(meaning.taxonomy, current, review, opinion, at);
}

/** What is stored of the product's pictures; null unless all that were usable are still known to this model. */
function evidence(tagSet: TagSet, known: KnownImages): readonly ImageEvidence[] | null {
  const usable = tagSet.images.filter(({ sha256 }) => sha256 !== undefined);
  const found = usable.flatMap(({ index, view, variant, sha256 }): ImageEvidence[] => {
    const image = known.get(sha256!);
    return image ? [{ index, vector: image.vector, view, variant, colors: image.colors }] : [];
  });
  return found.length > 0 && found.length === usable.length ? found : null;
}

function pictures({ images }: TagSet): string[] {
  return images.flatMap(({ sha256 }) => (sha256 === undefined ? [] : [sha256]));
}

function unknown(): HangtagError {
  return new HangtagError('product.not_found', 'No product with this id has been tagged.');
}

function conflict(revision: number): HangtagError {
  const detail = `The product is at revision ${revision}; read it again before reviewing it.`;
  return new HangtagError('revision.conflict', detail, { revision });
}
