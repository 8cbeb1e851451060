/** What every Store does. Run by one test file per adapter, on one store that the last test closes. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Store } from '../../src/application/ports.ts';
import { countUp, decided, imageOf, sha256, tagSetOf, vectorOf, writeOf } from './sample-tags.ts';

export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(`store: ${name}`, () => {
    let store: Store;
    const fresh = (prefix = 'sku') => `${prefix}-${randomUUID()}`;
    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store?.close());

    test('an unknown product has no TagSet and no history', async () => {
      const id = fresh();
      expect(await store.findTags(id)).toBeNull();
      expect(await store.history(id, 10)).toEqual([]);
    });

    test('the first write is revision 1, whatever it says', async () => {
      const id = fresh();
      const decide = (current: unknown) => {
        expect(current).toBeNull();
        return { tagSet: tagSetOf(id), revise: false };
      };
      const answer = await store.saveTags(writeOf(id, {}, { decide }));
      expect(answer).toEqual(tagSetOf(id, { revision: 1 }));
      expect(await store.findTags(id)).toEqual(answer);
      expect(await store.history(id, 10)).toEqual([
        { revision: 1, tagSet: answer, cause: 'request', at: expect.stringMatching(/^\d{4}-.*T.*Z$/) },
      ]);
    });

    test('attributes come back in the order in which they were written', async () => {
      const id = fresh();
      await store.saveTags(writeOf(id));
      const names = Object.keys(tagSetOf(id).attributes);
      expect(Object.keys((await store.findTags(id))!.attributes)).toEqual(names);
    });

    test('a revision adds one, and the history keeps every one, newest first', async () => {
      const id = fresh();
      for (const title of ['one', 'two', 'three'])
        await store.saveTags(writeOf(id, { title }, { cause: title }));
      expect(await store.findTags(id)).toEqual(tagSetOf(id, { revision: 3, title: 'three' }));
      const entries = await store.history(id, 10);
      expect(entries.map((entry) => [entry.revision, entry.cause, entry.tagSet.title])).toEqual([
        [3, 'three', 'three'],
        [2, 'two', 'two'],
        [1, 'one', 'one'],
      ]);
      expect(entries.map((entry) => entry.tagSet.revision)).toEqual([3, 2, 1]);
      expect((await store.history(id, 2)).map((entry) => entry.revision)).toEqual([3, 2]);
    });

    test('in place: the same revision, in the TagSet and in its history entry, and nothing added', async () => {
      const id = fresh();
      await store.saveTags(writeOf(id, { title: 'one' }));
      await store.saveTags(writeOf(id, { title: 'two' }));
      const before = await store.history(id, 10);
      const tagSet = tagSetOf(id, { title: 'two', attributes: { color: decided('navy', 0.99) } });
      const answer = await store.saveTags(
        writeOf(id, {}, { cause: 'other', decide: () => ({ tagSet, revise: false }) }),
      );
      expect(answer).toEqual({ ...tagSet, revision: 2 });
      expect(await store.findTags(id)).toEqual(answer);
      expect(await store.history(id, 10)).toEqual([{ ...before[0], tagSet: answer }, before[1]]);
    });

    test('explanations are answered but not kept', async () => {
      const id = fresh();
      const explain = {
        mode: 'softmax',
        accept: 0.5,
        margin: 0.1,
        temperature: 1,
        guard: null,
        scores: [],
        none: 0,
      };
      const attributes = { color: { ...decided('navy'), explain }, explain: decided('a value') };
      const variants = [{ key: 'red', images: [0], attributes: { color: { ...decided('red'), explain } } }];
      const answer = await store.saveTags(writeOf(id, { attributes, variants }));
      expect(answer.attributes.color!.explain).toEqual(explain);
      const kept = await store.findTags(id);
      expect(kept!.attributes).toEqual({ color: decided('navy'), explain: decided('a value') });
      expect(kept!.variants[0]!.attributes).toEqual({ color: decided('red') });
    });

    test('20 writers of one product at once: none is lost, each has its own revision', async () => {
      const id = fresh();
      await store.saveTags(writeOf(id, { title: '0' }));
      const answers = await Promise.all(Array.from({ length: 20 }, () => store.saveTags(countUp(id))));
      expect(answers.map((answer) => answer.revision).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, i) => i + 2),
      );
      expect(await store.findTags(id)).toMatchObject({ title: '20', revision: 21 });
      const titles = (await store.history(id, 50)).map((entry) => Number(entry.tagSet.title));
      expect(titles).toEqual(Array.from({ length: 21 }, (_, i) => 20 - i));
    });

    test('first writes of one product at once: none is lost', async () => {
      for (let round = 0; round < 5; round++) {
        const id = fresh();
        await Promise.all(Array.from({ length: 8 }, (_, i) => store.saveTags(countUp(id, i % 2 === 0))));
        expect((await store.findTags(id))!.title).toBe('8');
        const entries = await store.history(id, 20);
        expect(entries[0]!.tagSet.title).toBe('8');
        expect(entries.map((entry) => entry.revision)).toEqual(entries.map((_, i) => entries.length - i));
      }
    });

    test('products that share pictures are written at once, in any order of the pictures', async () => {
      const shared = Array.from({ length: 6 }, () => fresh('picture'));
      const write = (index: number) => {
        const names = index % 2 ? shared : shared.toReversed();
        const vectors = new Map(names.map((text) => [sha256(text), vectorOf(text)]));
        return writeOf(fresh(), {}, { images: names.map(imageOf), vectors });
      };
      await Promise.all(Array.from({ length: 24 }, (_, index) => store.saveTags(write(index))));
      expect((await store.findImages(shared.map(sha256), 'm@1')).size).toBe(6);
    });

    test('vectors come back bit for bit', async () => {
      const id = fresh();
      const vector = Float32Array.from([
        ...[0, -0, 1, -1, 1 / 3, Math.PI],
        ...[1.401298464324817e-45, -1.1754943508222875e-38, 3.4028234663852886e38, Infinity, -Infinity],
        ...vectorOf(id, 512),
      ]);
      await store.saveTags(writeOf(id, {}, { vectors: new Map([[sha256(id), vector]]) }));
      const found = (await store.findImages([sha256(id)], 'm@1')).get(sha256(id))!;
      expect(found.vector).toBeInstanceOf(Float32Array);
      expect(new Uint32Array(found.vector.slice().buffer)).toEqual(new Uint32Array(vector.buffer));
    });

    test('a vector that is a window on a larger buffer is kept as the window', async () => {
      const id = fresh();
      const window = vectorOf(id, 40).subarray(8, 24);
      await store.saveTags(writeOf(id, {}, { vectors: new Map([[sha256(id), window]]) }));
      const found = (await store.findImages([sha256(id)], 'm@1')).get(sha256(id))!;
      expect([...found.vector]).toEqual([...window]);
    });

    test('an image is known only with its facts and a vector of that model', async () => {
      const [both, factsOnly, vectorOnly] = [fresh('a'), fresh('b'), fresh('c')];
      const vectors = new Map([both, vectorOnly].map((text) => [sha256(text), vectorOf(text)]));
      await store.saveTags(writeOf(fresh(), {}, { images: [both, factsOnly].map(imageOf), vectors }));
      const all = [both, factsOnly, vectorOnly, fresh('unknown')].map(sha256);
      const found = await store.findImages(all, 'm@1');
      expect([...found.keys()]).toEqual([sha256(both)]);
      expect(found.get(sha256(both))).toEqual({ ...imageOf(both), vector: vectorOf(both) });
      expect((await store.findImages(all, 'm@2')).size).toBe(0);
      expect((await store.findImages([], 'm@1')).size).toBe(0);
    });

    test('each model has its own vector of one image; the facts are left as they are', async () => {
      const id = fresh();
      await store.saveTags(writeOf(id));
      const other = vectorOf('another model', 32);
      const altered = { ...imageOf(id), colors: [] };
      await store.saveTags(
        writeOf(id, {}, { model: 'm@2', images: [altered], vectors: new Map([[sha256(id), other]]) }),
      );
      const one = await store.findImages([sha256(id), sha256(id)], 'm@1');
      expect(one.get(sha256(id))).toEqual({ ...imageOf(id), vector: vectorOf(id) });
      expect((await store.findImages([sha256(id)], 'm@2')).get(sha256(id))!.vector).toEqual(other);
    });

    test('a decide that throws: nothing is written, the throw passes through, the product is free again', async () => {
      const [id, other] = [fresh(), fresh()];
      await store.saveTags(writeOf(id, { title: 'before' }));
      const picture = fresh('picture');
      const failing = writeOf(
        id,
        {},
        {
          images: [imageOf(picture)],
          vectors: new Map([[sha256(picture), vectorOf(picture)]]),
          decide: () => {
            throw new RangeError('cannot decide');
          },
        },
      );
      const results = await Promise.allSettled([
        store.saveTags(failing),
        store.saveTags(countUp(other)),
        store.saveTags({ ...failing, productId: other }),
        store.saveTags(countUp(other)),
      ]);
      expect(results.map((result) => result.status)).toEqual([
        'rejected',
        'fulfilled',
        'rejected',
        'fulfilled',
      ]);
      expect((results[0] as PromiseRejectedResult).reason).toEqual(new RangeError('cannot decide'));
      expect((await store.findImages([sha256(picture)], 'm@1')).size).toBe(0);
      expect(await store.findTags(id)).toMatchObject({ title: 'before', revision: 1 });
      expect((await store.findTags(other))!.title).toBe('2');
      expect((await store.saveTags(writeOf(id, { title: 'after' }))).revision).toBe(2);
    });

    test('a failing first write leaves no product behind', async () => {
      const id = fresh();
      const decide = () => {
        throw new RangeError('cannot decide');
      };
      await expect(store.saveTags(writeOf(id, {}, { decide }))).rejects.toThrow('cannot decide');
      expect(await store.findTags(id)).toBeNull();
      expect((await store.saveTags(writeOf(id))).revision).toBe(1);
    });

    test.each([
      ['a URL-like id', 'gid://shopify/Product/42?a=b&c=%2F'],
      ['quotes and SQL', `'; drop table products; --"\\`],
      ['another script', '衬衫-рубашка-قميص'],
      ['256 characters outside the BMP', '👕'.repeat(256)],
      ['combining marks, not normalised', 'e\u0301'],
      ['the same, composed', '\u00e9'],
    ])('%s is a product id like any other', async (title, text) => {
      const id = text.length < 200 ? `${text} ${randomUUID()}` : text;
      await store.saveTags(writeOf(id, { title }));
      expect((await store.findTags(id))!.productId).toBe(id);
      expect((await store.history(id, 1))[0]!.tagSet.title).toBe(title);
      expect(await store.findTags([...id].slice(0, -1).join(''))).toBeNull();
    });

    test.each(['', 'a\0b', 'half \ud83d a pair', 'x'.repeat(513)])('%j is no product id', async (id) => {
      const refusal = { code: 'product.invalid_id' };
      await expect(store.saveTags(writeOf(id))).rejects.toMatchObject(refusal);
      await expect(store.findTags(id)).rejects.toMatchObject(refusal);
      await expect(store.history(id, 1)).rejects.toMatchObject(refusal);
    });

    test('any text may stand in a TagSet', async () => {
      const id = fresh();
      const title = 'zero \0, half \ud83d a pair, \u2028, \\u0000, "quoted" 👕';
      const attributes = { 'od\0d': decided('val\0ue') };
      await store.saveTags(writeOf(id, { title, attributes }, { cause: 'req\0uest' }));
      expect(await store.findTags(id)).toEqual(tagSetOf(id, { revision: 1, title, attributes }));
      expect((await store.history(id, 1))[0]!.tagSet.title).toBe(title);
    });

    test('a large TagSet', async () => {
      const id = fresh();
      const attributes = Object.fromEntries(
        Array.from({ length: 4_000 }, (_, i) => [`attribute-${i}`, decided(`value-${i}`, i / 4_000)]),
      );
      await store.saveTags(writeOf(id, { attributes }));
      expect(await store.findTags(id)).toEqual(tagSetOf(id, { revision: 1, attributes }));
    });

    test('what is read is a copy', async () => {
      const id = fresh();
      await store.saveTags(writeOf(id));
      for (const read of [await store.findTags(id), (await store.history(id, 1))[0]!.tagSet]) {
        (read as { title: string | null }).title = 'scribbled';
      }
      expect((await store.findTags(id))!.title).toBe('A plain shirt');
    });

    test('ping resolves, also many at once', async () => {
      await Promise.all(Array.from({ length: 30 }, () => store.ping()));
    });

    test('closing waits for what is in work; a closed store refuses with store.unavailable', async () => {
      const id = fresh();
      const last = store.saveTags(writeOf(id));
      await Promise.all([store.close(), store.close()]);
      expect((await last).revision).toBe(1);
      const refusal = { code: 'store.unavailable' };
      await expect(store.saveTags(writeOf(id))).rejects.toMatchObject(refusal);
      await expect(store.findTags(id)).rejects.toMatchObject(refusal);
      await expect(store.history(id, 1)).rejects.toMatchObject(refusal);
      await expect(store.findImages([sha256(id)], 'm@1')).rejects.toMatchObject(refusal);
      await expect(store.ping()).rejects.toMatchObject(refusal);
      await store.close();
    });
  });
}
