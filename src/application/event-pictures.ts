/** The pictures behind an event: those that the shop states are fetched, those that stand are taken from what is known of them. */
import { HangtagError } from '../domain/errors.ts';
import type { CatalogImage } from '../domain/events/catalog-event.ts';
import type { ImageEvidence, ImageReport, TagSet } from '../domain/tagging/types.ts';
import type { FetchPictures, Picture } from './fetch-pictures.ts';
import type { ImageModel, Store } from './ports.ts';
import type { Originals } from './ports-originals.ts';
import { type KnownImage, modelKey, type ReadImages } from './read-image.ts';
import { allFailed } from './run-tagging.ts';

export interface EventPicturesNeeds {
  readonly model: ImageModel;
  readonly fetchPictures: FetchPictures;
  readonly readImages: ReadImages;
  readonly store: Pick<Store, 'findImages'>;
  readonly originals: Pick<Originals, 'get'>;
}

export interface EventPictures {
  /** null: not all that stand can be looked at. */
  readonly evidence: readonly ImageEvidence[] | null;
  readonly images: readonly ImageReport[];
  readonly known: readonly KnownImage[];
  readonly contents: ReadonlyMap<string, Uint8Array>;
  /** Where none of the stated pictures can be used: why. */
  readonly failed: HangtagError | null;
  /** Call once they are stored. */
  remember(): Promise<void>;
}

const nothing = { known: [], contents: new Map(), failed: null, remember: async () => {} };

export async function fetchStated(
  { model, fetchPictures, readImages }: EventPicturesNeeds,
  stated: readonly CatalogImage[],
  patient: boolean,
  signal: AbortSignal,
): Promise<EventPictures> {
  if (stated.length === 0) return { ...nothing, evidence: [], images: [] };
  const references = stated.map(({ reference }) => reference);
  const how = { model: modelKey(model), patient };
  const { pictures, remember } = await fetchPictures(references, how, signal);
  const results = await readImages(pictures, signal);
  const hashes = results.map((result) => (result instanceof HangtagError ? null : result.facts.sha256));
  const known = results.filter((result): result is KnownImage => !(result instanceof HangtagError));
  return {
    evidence: results.flatMap((result, index): ImageEvidence[] => {
      const { view, variant } = stated[index]!;
      return result instanceof HangtagError ? [] : [{ ...result, index, view, variant }];
    }),
    images: results.map((result, index) => report(stated[index]!, result, index)),
    known,
    contents: bytesOf(pictures, hashes),
    failed: known.length === 0 ? allFailed(results as readonly HangtagError[]) : null,
    remember: () => remember(hashes),
  };
}

export async function lookAgain(
  { model, readImages, store, originals }: EventPicturesNeeds,
  tagSet: TagSet | null,
  signal: AbortSignal,
): Promise<EventPictures> {
  const images = tagSet?.images ?? [];
  const shown = images.flatMap(({ sha256, index, view, variant }) =>
    sha256 === undefined ? [] : [{ sha256, index, view, variant }],
  );
  const seen = await store.findImages(
    shown.map(({ sha256 }) => sha256),
    modelKey(model),
  );
  const pictures: Picture[] = [];
  for (const { sha256 } of shown) {
    // Another model looked at it: the original lets this one look too.
    const bytes = seen.has(sha256) ? null : await originals.get(sha256);
    if (!bytes && !seen.has(sha256)) return { ...nothing, evidence: null, images };
    pictures.push(bytes ?? { sha256 });
  }
  const results = await readImages(pictures, signal);
  const known = results.filter((result): result is KnownImage => !(result instanceof HangtagError));
  if (known.length < results.length) return { ...nothing, evidence: null, images };
  return {
    ...nothing,
    evidence: known.map((image, place) => {
      const { index, view, variant } = shown[place]!;
      return { ...image, index, view, variant };
    }),
    images,
    known,
    contents: bytesOf(
      pictures,
      shown.map(({ sha256 }) => sha256),
    ),
  };
}

function bytesOf(
  pictures: readonly Picture[],
  hashes: readonly (string | null)[],
): ReadonlyMap<string, Uint8Array> {
  return new Map(
    pictures.flatMap((picture, index): [string, Uint8Array][] => {
      const sha256 = hashes[index];
      return picture instanceof Uint8Array && sha256 ? [[sha256, picture]] : [];
    }),
  );
}

function report(
  { view, variant, ref }: CatalogImage,
  result: KnownImage | HangtagError,
  index: number,
): ImageReport {
  const base = { index, view, variant, ref };
  if (result instanceof HangtagError) {
    return { ...base, status: 'failed', error: { code: result.code, detail: result.message } };
  }
  const { sha256, width, height } = result.facts;
  return { ...base, status: 'ok', sha256, width, height };
}
