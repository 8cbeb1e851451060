/**
 * A service without doors: the real use-cases over the small world, with fakes that behave. A picture is the list of
 * the things that it shows (`tee short striped`); the model sees exactly those.
 */
import { createHash } from 'node:crypto';
import { createMemoryStore, type MemoryStore } from '../../src/adapters/store/memory.ts';
import { createMemoryFetchedImages } from '../../src/adapters/store/memory-fetched-images.ts';
import { createDeleteProduct } from '../../src/application/delete-product.ts';
import { createFetchPictures } from '../../src/application/fetch-pictures.ts';
import { createIngestEvent } from '../../src/application/ingest-event.ts';
import { createListProducts } from '../../src/application/list-products.ts';
import type { ImageModel, ImageReader, Store } from '../../src/application/ports.ts';
import type { Originals } from '../../src/application/ports-originals.ts';
import { createReadHistory } from '../../src/application/read-history.ts';
import { createReadImages } from '../../src/application/read-image.ts';
import { createRemoveOriginals } from '../../src/application/remove-originals.ts';
import { createAskOnce } from '../../src/application/repeatable-calls.ts';
import { createReviewTags } from '../../src/application/review-tags.ts';
import { createRunTagging } from '../../src/application/run-tagging.ts';
import { createTagProduct } from '../../src/application/tag-product.ts';
import type { ImageInput, TagRequest } from '../../src/application/tag-request.ts';
import { HangtagError } from '../../src/domain/errors.ts';
import type { CatalogEvent } from '../../src/domain/events/catalog-event.ts';
import type { Moment } from '../../src/domain/events/catalog-state.ts';
import type { ReviewWords } from '../../src/domain/review/types.ts';
import type { Taxonomy } from '../../src/domain/taxonomy/types.ts';
import { axis, bank, dim, taxonomy as smallTaxonomy, vector } from '../domain/tagging/small-world.ts';

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
export const sha256 = (picture: string) => hash(new TextEncoder().encode(picture));

const reader: ImageReader = {
  async prepare(bytes) {
    const data = new Uint8Array(8 * 8 * 3).fill(200);
    data.set(bytes.subarray(0, 64));
    return {
      facts: { sha256: hash(bytes), width: 8, height: 8, format: 'png', size: bytes.length },
      input: { width: 8, height: 8, data },
      // Its colour comes with its first letter, so that other pictures have other colours.
      thumbnail: { width: 8, height: 8, data: new Uint8Array(8 * 8 * 3).fill((bytes[0]! * 29) % 256) },
      alpha: null,
    };
  },
};

export interface ShopOptions {
  readonly store?: Store;
  readonly taxonomy?: Taxonomy;
  /** Another one knows none of the pictures that this one has seen. */
  readonly fingerprint?: string;
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

const silent = { info() {}, warn() {}, error() {} };

/** `at` is the second of the next call; every reading of the clock is a second later. */
export function createShop({ store, taxonomy = smallTaxonomy, fingerprint = '1' }: ShopOptions = {}) {
  let second = 0;
  const clock = () => new Date(Date.UTC(2026, 10, 23) + second++ * 1000).toISOString();
  let looks = 0;
  const kept = new Map<string, Uint8Array>();
  const originals: Originals = {
    async put(name, bytes) {
      kept.set(name, bytes);
    },
    get: async (name) => kept.get(name) ?? null,
    async delete(name) {
      kept.delete(name);
    },
    list: async () => ({ items: [], next: null }),
    own: async () => null,
    ping: async () => {},
  };
  const card = { backend: 'bundled', id: 'small', fingerprint, license: 'none', dim, refuses: [] } as const;
  const model: ImageModel = {
    card: { ...card, input: { size: 8, fit: 'squash', kernel: 'cubic' } },
    async embed({ data }) {
      looks++;
      const text = new TextDecoder().decode(data.subarray(0, 64));
      const seen = Object.entries(axis).filter(([name]) => text.includes(name));
      return vector(Object.fromEntries(seen.map(([, index]) => [index, 1])));
    },
    bank: async () => bank,
    close: async () => {},
  };
  const ground = store ?? createMemoryStore({ clock });
  const loadProfile = async () => {};
  const meaning = { taxonomy, bank, calibration: null };
  const readImages = createReadImages({ reader, model, store: ground, hash });
  const fetched: string[] = [];
  const fetchPictures = createFetchPictures({
    // `https://shop/tee short` is a picture of that.
    async fetchImage(reference, known) {
      const text = reference.kind === 'url' ? reference.url.slice('https://shop/'.length) : '';
      fetched.push(known ? `${text} again` : text);
      if (text === '' || text === 'gone') throw new HangtagError('image.fetch_failed', 'There is none.');
      if (known) return { changed: false };
      return {
        changed: true,
        bytes: new TextEncoder().encode(text),
        validators: { etag: `"${text}"`, lastModified: null },
      };
    },
    remembered: createMemoryFetchedImages(),
    store: ground,
    hash,
  });
  const runTagging = createRunTagging({
    fetchPictures,
    loadProfile,
    meaning,
    model,
    readImages,
    store: ground,
    originals,
    clock,
  });
  const { catalog } = ground as MemoryStore;
  const ingestEvent = createIngestEvent({
    fetchPictures,
    loadProfile,
    meaning,
    model,
    readImages,
    store: ground,
    catalog,
    originals,
    clock,
  });
  const tagProduct = createTagProduct({
    runTagging,
    askOnce: createAskOnce({ store: ground }),
    store: ground,
    hash,
  });
  const reviewTags = createReviewTags({ loadProfile, meaning, model, store: ground, clock });
  const readHistory = createReadHistory({ store: ground });
  const deleteProduct = createDeleteProduct({
    store: ground,
    removeOriginals: createRemoveOriginals({ store: ground, originals, log: silent }),
    log: silent,
  });

  const signal = () => new AbortController().signal;
  return {
    store: ground,
    catalog,
    originals: kept,
    fetched,
    /** Pictures that the model looked at so far. */
    looks: () => looks,
    clock,
    ingest: (event: CatalogEvent, moment: Moment, patient = false) =>
      ingestEvent({ source: 'catalog', event, moment, causeId: 'an operation', patient }, signal()),
    /** A request that took its place before. */
    run: (request: TagRequest, sequence: number) => runTagging(request, { sequence, call: null }, signal()),
    list: createListProducts({ taxonomy: () => taxonomy, store: ground }),
    history: (id: string, limit = 50, before: number | null = null) => readHistory(id, limit, before),
    remove: deleteProduct,
    /** `red:tee short` is a picture of the variant `red`. */
    tag(id: string, pictures: readonly string[], more: Partial<TagRequest> = {}) {
      const images = pictures.map((text): ImageInput => {
        const [, variant = null, shows = ''] = /^(?:([^:]*):)?(.*)$/s.exec(text) ?? [];
        return { content: new TextEncoder().encode(shows), view: null, variant, ref: null };
      });
      const request = { category: null, title: null, attributes: null, explain: false, store: true, ...more };
      return tagProduct({ productId: id, images, ...request }, new AbortController().signal);
    },
    review: (id: string, words: Partial<ReviewWords>, ifRevisions: readonly number[] | null = null) =>
      reviewTags(id, { ...nothing, ...words }, ifRevisions),
  };
}

export type Shop = ReturnType<typeof createShop>;
