/** The story of one upload: pictures in, evidence, decision, merge with what people said, saved whole or not at all. */
import { HangtagError, type Problem } from '../domain/errors.ts';
import { barredIn } from '../domain/tagging/bars.ts';
import { decideProduct, type Meaning } from '../domain/tagging/decide-product.ts';
import type { Admitted } from '../domain/tagging/input-order.ts';
import { changed, merge } from '../domain/tagging/merge.ts';
import { uncalibrated } from '../domain/tagging/redecide.ts';
import type { CategoryDecision, ImageReport, TagSet, Warning } from '../domain/tagging/types.ts';
import { resolveCategory } from '../domain/taxonomy/resolve-category.ts';
import type { Taxonomy } from '../domain/taxonomy/types.ts';
import type { FetchPictures } from './fetch-pictures.ts';
import type { Clock, ImageModel, Store, TagWrite } from './ports.ts';
import type { Originals } from './ports-originals.ts';
import type { AnsweredCall, TagRequest } from './ports-work.ts';
import { provenanceOf } from './provenance.ts';
import { type KnownImage, modelKey, type ReadImages } from './read-image.ts';
import { createSaveWithOriginals } from './save-with-originals.ts';
import { type LoadProfile, withProfiles } from './with-profiles.ts';

export interface RunTaggingNeeds {
  readonly meaning: Meaning;
  readonly loadProfile: LoadProfile;
  readonly model: ImageModel;
  readonly fetchPictures: FetchPictures;
  readonly readImages: ReadImages;
  readonly store: Store;
  readonly originals: Originals;
  readonly clock: Clock;
}

/** How the input was accepted. */
export interface Acceptance {
  /** Its place among all inputs; null for an answer that is not stored. */
  readonly sequence: number | null;
  readonly call: AnsweredCall | null;
  /** Another try will follow: a picture that cannot be fetched right now is a reason for it. Not unless told. */
  readonly patient?: boolean;
  /** The operation behind it, if any. */
  readonly causeId?: string;
}

/** Where a newer input for the product was written first, its TagSet is answered, with a warning. */
export type RunTagging = (
  request: TagRequest,
  acceptance: Acceptance,
  signal: AbortSignal,
) => Promise<TagSet>;

export function createRunTagging(needs: RunTaggingNeeds): RunTagging {
  const { meaning, loadProfile, model, fetchPictures, readImages, store, originals, clock } = needs;
  const saveWithOriginals = createSaveWithOriginals({
    store: { saveTags: (write) => withProfiles(loadProfile, () => store.saveTags(write)) },
    originals,
  });

  return async (request, { sequence, call, patient = false, causeId }, signal) => {
    const { pictures, remember } = await fetchPictures(
      request.images.map((image) => image.content),
      { model: modelKey(model), patient },
      signal,
    );
    const results = await readImages(pictures, signal);
    const seen = results.filter((result): result is KnownImage => !(result instanceof HangtagError));
    if (seen.length === 0) throw allFailed(results as readonly HangtagError[]);
    const images = results.map((result, index) => report(request, result, index));
    const stated = statedCategory(meaning.taxonomy, request, clock);
    const decide = (current: TagSet | null, admitted: Admitted) =>
      answer(needs, request, results, images, stated, current, admitted);
    if (sequence === null) {
      const current = await store.findTags(request.productId);
      const tagSet = await withProfiles(loadProfile, async () => decide(current, alone));
      return { ...tagSet, revision: 0 };
    }

    const contents = new Map<string, Uint8Array>();
    for (const [index, result] of results.entries()) {
      const content = pictures[index]!;
      if (!(result instanceof HangtagError) && content instanceof Uint8Array) {
        contents.set(result.facts.sha256, content);
      }
    }
    let late = false;
    const write: TagWrite = {
      productId: request.productId,
      cause: 'request',
      ...(causeId === undefined ? {} : { causeId }),
      images: seen.map(({ facts, colors }) => ({ facts, colors })),
      model: modelKey(model),
      vectors: new Map(
        model.keepsVectors === false ? [] : seen.map(({ facts, vector }) => [facts.sha256, vector]),
      ),
      input: {
        sequence,
        attributes: request.attributes,
        ...(request.title === null ? {} : { titled: sequence }),
      },
      call,
      decide: (current, admitted) => {
        late = admitted === null;
        if (admitted === null) return null;
        const tagSet = decide(current, admitted);
        return { tagSet, revise: changed(current, tagSet) };
      },
    };
    const fresh = seen.filter((image) => image.fresh).map(({ facts }) => facts.sha256);
    const saved = await saveWithOriginals(write, contents, fresh);
    // Nothing rests on it: at worst the pictures are sent once more.
    await remember(
      results.map((result) => (result instanceof HangtagError ? null : result.facts.sha256)),
    ).catch(() => {});
    return late ? { ...saved, warnings: [...saved.warnings, superseded] } : saved;
  };
}

/** Nothing else was accepted. */
const alone: Admitted = { newest: true, keep: [] };

const superseded: Warning = {
  code: 'input.superseded',
  detail: 'A newer request for this product was stored first; what stands is its result.',
};

function answer(
  { meaning, model, clock }: RunTaggingNeeds,
  request: TagRequest,
  results: readonly (KnownImage | HangtagError)[],
  images: readonly ImageReport[],
  stated: { readonly category: CategoryDecision | null; readonly warnings: readonly Warning[] },
  current: TagSet | null,
  { newest, keep, keepTitle }: Admitted,
): TagSet {
  const evidence = results.flatMap((result, index) => {
    const { view, variant } = request.images[index]!;
    return result instanceof HangtagError ? [] : [{ ...result, index, view, variant }];
  });
  const mine = (request.attributes ?? [...meaning.taxonomy.attributeById.keys()]).filter(
    (id) => !keep.includes(id),
  );
  const attributes = request.attributes === null && keep.length === 0 ? null : mine;
  const standing = current && (attributes || current.category.source !== 'model') ? current.category : null;
  const decided = decideProduct(meaning, {
    images: evidence,
    category: stated.category ?? standing,
    attributes,
    explain: request.explain,
    barred: barredIn(current),
  });
  const merged = merge(current, {
    productId: request.productId,
    title: keepTitle ? null : request.title,
    answer: decided,
    attributes,
    images,
    provenance: provenanceOf(meaning, model, clock()),
    warnings: [...stated.warnings, ...(meaning.calibration ? [] : [uncalibrated])],
  });
  if (newest || current === null) return merged;
  // A newer input for some attributes came first: the pictures and the words are its.
  return { ...merged, images: current.images, title: current.title, warnings: current.warnings };
}

/** The caller's category as a decision; one that nobody knows is a warning, never a failure. */
function statedCategory(taxonomy: Taxonomy, request: TagRequest, clock: Clock) {
  if (request.category === null) return { category: null, warnings: [] };
  const id = resolveCategory(taxonomy, request.category);
  const node = id === null ? undefined : taxonomy.categoryById.get(id);
  if (!node) {
    const detail = `The category ${JSON.stringify(request.category.slice(0, 100))} is not in the taxonomy; it was decided from the images.`;
    return { category: null, warnings: [{ code: 'category.unknown', detail, pointer: '/category' }] };
  }
  const category: CategoryDecision = {
    status: 'accepted',
    source: 'merchant',
    values: [{ id: node.id, name: node.name, path: node.path, confidence: null }],
    threshold: null,
    candidates: [],
    rejected: [],
    reviewed: { by: null, at: clock() },
  };
  return { category, warnings: [] };
}

function report(request: TagRequest, result: KnownImage | HangtagError, index: number): ImageReport {
  const { view, variant, ref } = request.images[index]!;
  const base = { index, view, variant, ref };
  if (result instanceof HangtagError) {
    return { ...base, status: 'failed', error: { code: result.code, detail: result.message } };
  }
  const { sha256, width, height } = result.facts;
  return { ...base, status: 'ok', sha256, width, height };
}

/** Every picture failed: their common fault, or `image.unreadable` for a mixture; each one is listed. */
export function allFailed(faults: readonly HangtagError[]): HangtagError {
  const errors: Problem[] = faults.map((fault, index) => ({
    code: fault.code,
    detail: fault.message,
    pointer: `/images/${index}`,
  }));
  const first = faults[0];
  const common = first && faults.every((fault) => fault.code === first.code);
  const detail =
    faults.length === 1 && first ? first.message : `None of the ${faults.length} images can be used.`;
  return new HangtagError(common ? first.code : 'image.unreadable', detail, { errors });
}
