import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../src/adapters/store/memory.ts';
import { createMemoryFetchedImages } from '../../src/adapters/store/memory-fetched-images.ts';
import { createFetchPictures } from '../../src/application/fetch-pictures.ts';
import type { ImageModel, ImageReader, Store } from '../../src/application/ports.ts';
import type { Originals } from '../../src/application/ports-originals.ts';
import { createReadImages } from '../../src/application/read-image.ts';
import { createAskOnce } from '../../src/application/repeatable-calls.ts';
import { createRunTagging } from '../../src/application/run-tagging.ts';
import { createTagProduct } from '../../src/application/tag-product.ts';
import type { ImageInput, TagRequest } from '../../src/application/tag-request.ts';
import { HangtagError } from '../../src/domain/errors.ts';
import type { TagSet } from '../../src/domain/tagging/types.ts';
import { axis, bank, dim, taxonomy, vector } from '../domain/tagging/small-world.ts';

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const clock = () => '2026-11-23T09:00:00.000Z';
const card = {
  backend: 'bundled',
  id: 'small',
  fingerprint: '1',
  license: 'none',
  dim,
  refuses: [],
} as const;
const spec = { size: 8, fit: 'squash', kernel: 'cubic' } as const;

/** A picture is the name of what it shows; `bad` cannot be read, `huge` is too large, `busy` finds no room. */
const picture = (text: string): Uint8Array => new TextEncoder().encode(text);

function world() {
  const calls = { decoded: 0, inferred: 0, originals: [] as string[] };
  const reader: ImageReader = {
    async prepare(bytes) {
      calls.decoded++;
      const text = new TextDecoder().decode(bytes);
      if (text.startsWith('bad')) throw new HangtagError('image.unreadable', 'It is torn.');
      if (text.startsWith('huge')) throw new HangtagError('image.too_large', 'It is huge.');
      if (text.startsWith('busy')) throw new HangtagError('service.overloaded', 'Later.', { retryAfter: 1 });
      const data = new Uint8Array(8 * 8 * 3).fill(200);
      data.set(bytes.subarray(0, 64));
      return {
        facts: { sha256: hash(bytes), width: 8, height: 8, format: 'png', size: bytes.length },
        input: { width: 8, height: 8, data },
        thumbnail: { width: 8, height: 8, data: new Uint8Array(8 * 8 * 3).fill(17) },
        alpha: null,
      };
    },
  };
  const model: ImageModel = {
    card: { ...card, input: spec },
    async embed({ data }) {
      calls.inferred++;
      const text = new TextDecoder().decode(data.subarray(0, 64));
      const seen = Object.entries(axis).filter(([name]) => text.includes(name));
      return vector(Object.fromEntries(seen.map(([, index]) => [index, 1])));
    },
    bank: async () => bank,
    close: async () => {},
  };
  const originals: Originals = {
    async put(sha256) {
      calls.originals.push(sha256);
    },
    get: async () => null,
    delete: async () => {},
    list: async () => ({ items: [], next: null }),
    own: async (owner) => owner,
    ping: async () => {},
  };
  const store = createMemoryStore({ clock });
  return { calls, reader, model, originals, store };
}

let at: ReturnType<typeof world>;
let tag: (request: Partial<TagRequest>, signal?: AbortSignal) => Promise<TagSet>;

beforeEach(() => {
  at = world();
  tag = tagger(at.store);
});

function tagger(store: Store) {
  const { reader, model, originals } = at;
  const readImages = createReadImages({ reader, model, store, hash });
  const fetchPictures = createFetchPictures({
    fetchImage: async () => {
      throw new HangtagError('image.fetch_refused', 'Nothing is fetched here.');
    },
    remembered: createMemoryFetchedImages(),
    store: store,
    hash,
  });
  const runTagging = createRunTagging({
    fetchPictures,
    meaning: { taxonomy, bank, calibration: null },
    loadProfile: async () => {},
    model,
    readImages,
    store,
    originals,
    clock,
  });
  const run = createTagProduct({ runTagging, askOnce: createAskOnce({ store }), store, hash });
  return (request: Partial<TagRequest>, signal = new AbortController().signal) =>
    run(
      {
        productId: 'sku',
        images: [],
        category: null,
        title: null,
        attributes: null,
        explain: false,
        store: true,
        ...request,
      },
      signal,
    );
}

const image = (content: string | HangtagError, more: Partial<ImageInput> = {}): ImageInput => ({
  content: typeof content === 'string' ? picture(content) : content,
  view: null,
  variant: null,
  ref: null,
  ...more,
});

describe('inputs that overtake each other', () => {
  /** Lets the second request finish while the first still waits for its place to be written. */
  async function overtaken(older: Partial<TagRequest>, newer: Partial<TagRequest>) {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let first = true;
    const slow: Store = {
      ...at.store,
      async saveTags(write) {
        if (first) {
          first = false;
          await held;
        }
        return at.store.saveTags(write);
      },
    };
    const run = tagger(slow);
    const late = run(older);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const soon = await run(newer);
    release();
    return { soon, late: await late, standing: await at.store.findTags('sku') };
  }

  test('the older result is not written, and its caller is told', async () => {
    const { soon, late, standing } = await overtaken(
      { images: [image('tee long striped')] },
      { images: [image('tee short')] },
    );
    expect(standing).toEqual(soon);
    expect({ ...late, warnings: [] }).toEqual({ ...soon, warnings: [] });
    expect(late.warnings.map(({ code }) => code)).toContain('input.superseded');
    expect(soon.warnings.map(({ code }) => code)).not.toContain('input.superseded');
  });

  test('what a newer request decided stays, the rest comes from the older one', async () => {
    const { late, standing } = await overtaken(
      { images: [image('tee long striped')], title: 'old' },
      { images: [image('tee short')], attributes: ['sleeve'], title: 'new' },
    );
    expect(standing?.attributes.sleeve?.values[0]?.id).toBe('short');
    expect(standing?.attributes.pattern?.values[0]?.id).toBe('striped');
    expect(standing?.title).toBe('new');
    expect(standing?.images[0]?.sha256).toBe(hash(picture('tee short')));
    expect(late.warnings.map(({ code }) => code)).not.toContain('input.superseded');
  });

  test('a deletion in between: nothing comes back', async () => {
    const run = tagger({
      ...at.store,
      async saveTags(write) {
        await at.store.deleteProduct('sku');
        return at.store.saveTags(write);
      },
    });
    await expect(run({ images: [image('tee')] })).rejects.toMatchObject({ code: 'product.not_found' });
    expect(await at.store.findTags('sku')).toBeNull();
  });
});

describe('tagging a product', () => {
  test('stores what it answers, with provenance and the pictures it saw', async () => {
    const answer = await tag({ images: [image('tee short', { ref: 'a' })], title: 'Tee' });
    expect(answer).toMatchObject({ productId: 'sku', revision: 1, title: 'Tee' });
    expect(answer.category.values[0]?.id).toBe('tee');
    expect(answer.images).toEqual([
      {
        index: 0,
        status: 'ok',
        sha256: hash(picture('tee short')),
        width: 8,
        height: 8,
        view: null,
        variant: null,
        ref: 'a',
      },
    ]);
    expect(answer.provenance).toMatchObject({
      model: 'small@1',
      taxonomy: 'small@1.0.0',
      calibration: null,
      taggedAt: clock(),
    });
    expect(answer.warnings.map((warning) => warning.code)).toEqual(['calibration.none']);
    expect(await at.store.findTags('sku')).toEqual(answer);
    expect(at.calls.originals).toEqual([hash(picture('tee short'))]);
  });

  test('the same picture again costs no decoding and no inference, and makes no revision', async () => {
    const first = await tag({ images: [image('tee')] });
    const again = await tag({ images: [image('tee')] });
    expect(at.calls).toMatchObject({ decoded: 1, inferred: 1 });
    expect(again).toEqual(first);
    const other = await tag({ productId: 'another', images: [image('tee')] });
    expect(other.category).toEqual(first.category);
    expect(at.calls).toMatchObject({ decoded: 1, inferred: 1 });
  });

  test('the same picture twice at once is worked once', async () => {
    await Promise.all([
      tag({ images: [image('tee'), image('tee')] }),
      tag({ productId: 'b', images: [image('tee')] }),
    ]);
    expect(at.calls).toMatchObject({ decoded: 1, inferred: 1 });
  });

  test('one bad picture never fails the others', async () => {
    const answer = await tag({ images: [image('bad'), image('tee')] });
    expect(answer.images.map((report) => [report.status, report.error?.code])).toEqual([
      ['failed', 'image.unreadable'],
      ['ok', undefined],
    ]);
    expect(answer.category).toMatchObject({ values: [{ id: 'tee' }], evidence: [1] });
  });

  test('all bad: their common fault, each listed; a mixture is unreadable; nothing is stored', async () => {
    await expect(tag({ images: [image('huge'), image('huge 2')] })).rejects.toMatchObject({
      code: 'image.too_large',
      errors: [{ pointer: '/images/0' }, { pointer: '/images/1' }],
    });
    const fault = new HangtagError('image.fetch_failed', 'It is gone.');
    await expect(tag({ images: [image(fault), image('huge')] })).rejects.toMatchObject({
      code: 'image.unreadable',
    });
    expect(await at.store.findTags('sku')).toBeNull();
  });

  test('overload is everybody’s fault: the whole request can be tried again, nothing is stored', async () => {
    await expect(tag({ images: [image('tee'), image('busy')] })).rejects.toMatchObject({
      code: 'service.overloaded',
    });
    expect(await at.store.findTags('sku')).toBeNull();
  });

  test('a caller who leaves gets nothing stored', async () => {
    const leaving = new AbortController();
    leaving.abort();
    await expect(tag({ images: [image('tee')] }, leaving.signal)).rejects.toMatchObject({
      code: 'request.cancelled',
    });
    expect(await at.store.findTags('sku')).toBeNull();
  });

  test('a failing store is reported, and the next request works', async () => {
    const broken: Store = {
      ...at.store,
      saveTags: () => Promise.reject(new HangtagError('store.unavailable', 'Gone.')),
    };
    await expect(tagger(broken)({ images: [image('tee')] })).rejects.toMatchObject({
      code: 'store.unavailable',
    });
    expect((await tag({ images: [image('tee')] })).revision).toBe(1);
  });
});

describe('options', () => {
  test('store=false writes nothing at all', async () => {
    const answer = await tag({ images: [image('tee')], store: false });
    expect(answer.revision).toBe(0);
    expect(await at.store.findTags('sku')).toBeNull();
    expect(await at.store.findImages([hash(picture('tee'))], 'small@1')).toEqual(new Map());
    expect(at.calls.originals).toEqual([]);
  });

  test('the caller’s category wins and stays; an unknown one is a warning', async () => {
    const stated = await tag({ images: [image('shoes')], category: 'tee' });
    expect(stated.category).toMatchObject({
      source: 'merchant',
      threshold: null,
      values: [{ id: 'tee', confidence: null }],
    });
    expect((await tag({ images: [image('shoes')] })).category.source).toBe('merchant');
    const unknown = await tag({ productId: 'b', images: [image('shoes')], category: 'spaceship' });
    expect(unknown.warnings[0]).toMatchObject({ code: 'category.unknown', pointer: '/category' });
    expect(unknown.category).toMatchObject({ source: 'model', values: [{ id: 'shoes' }] });
  });

  test('attributes= rewrites those and leaves the others as they are', async () => {
    const first = await tag({ images: [image('tee short striped')] });
    const second = await tag({ images: [image('tee long solid')], attributes: ['pattern'] });
    expect(second.attributes.pattern?.values[0]?.id).toBe('solid');
    expect(second.attributes.sleeve).toEqual(first.attributes.sleeve);
    expect(second.category).toEqual(first.category);
    expect(second.revision).toBe(2);
  });

  test('explain fills the answer and is never stored', async () => {
    const explained = await tag({ images: [image('tee')], explain: true });
    expect(explained.revision).toBe(1);
    expect(explained.category.candidates.length).toBeGreaterThan(0);
    expect(JSON.stringify(await at.store.findTags('sku'))).not.toContain('explain');
    expect((await at.store.findTags('sku'))?.category.candidates).toEqual([]);
    expect(explained.category.explain?.scores[0]?.id).toBe('tee');
    expect((await tag({ images: [image('tee')] })).category.explain).toBeUndefined();
  });
});

describe('what people said', () => {
  test('survives every new answer, their category decides what applies, and barred values never come back', async () => {
    await tag({ images: [image('tee short striped')] });
    const human = {
      status: 'accepted',
      source: 'human',
      values: [{ id: 'long', name: 'LONG', confidence: null }],
      threshold: null,
      candidates: [],
      rejected: [],
      reviewed: { by: 'ann', at: clock() },
    } as const;
    await at.store.saveTags({
      productId: 'sku',
      cause: 'review',
      images: [],
      model: 'small@1',
      vectors: new Map(),
      input: null,
      call: null,
      decide: (current) => ({
        revise: true,
        tagSet: {
          ...current!,
          attributes: {
            ...current!.attributes,
            sleeve: human,
            pattern: { ...current!.attributes.pattern!, rejected: ['striped'] },
          },
        },
      }),
    });
    const answer = await tag({ images: [image('tee short striped again')] });
    expect(answer.attributes.sleeve).toEqual(human);
    expect(answer.attributes.pattern).toMatchObject({
      status: 'abstained',
      values: [],
      rejected: ['striped'],
    });
    expect(answer.revision).toBe(3);
  });
});
