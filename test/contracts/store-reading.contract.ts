/** Listing, paging and forgetting, as every Store does it. Run by one test file per adapter, on an empty store. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ListPosition, ProductQuery, Store } from '../../src/application/ports.ts';
import type { Decision, TagSet } from '../../src/domain/tagging/types.ts';
import { anyProduct } from './any-product.ts';
import { countUp, decided, imageOf, sha256, tagSetOf, vectorOf, writeOf } from './sample-tags.ts';

const suggested = (confidence: number): Decision => ({ ...decided('v', confidence), status: 'suggested' });

export function storeReadingContract(name: string, open: () => Promise<Store>): void {
  describe(`store, reading: ${name}`, () => {
    let store: Store;
    const fresh = (prefix = 'sku') => `${prefix}-${randomUUID()}`;
    const save = (id: string, changes: Partial<TagSet> = {}) => store.saveTags(writeOf(id, changes));
    /** A tag of this test's own, so that tests do not see each other's products. */
    const mark = () => ({ own: decided(randomUUID()) });
    const asked = (own: Decision, more: Partial<ProductQuery> = {}): ProductQuery => ({
      ...anyProduct,
      ...more,
      tags: [[`own/${own.values[0]!.id}`], ...(more.tags ?? [])],
    });
    const ids = async (query: ProductQuery) => (await store.list(query)).items.map((one) => one.productId);

    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store?.close());

    test('an empty store has no products', async () => {
      expect(await store.list(anyProduct)).toEqual({ items: [], next: null });
    });

    test('latest change first, whole TagSets; the same tag any, different tags all', async () => {
      const { own } = mark();
      const [a, b, c] = [fresh(), fresh(), fresh()];
      await save(a, { attributes: { own, color: decided('navy'), fit: decided('slim') } });
      await save(b, { attributes: { own, color: decided('red') } });
      const variants = [{ key: 'x', images: [0], attributes: { color: decided('navy') } }];
      const last = await save(c, { attributes: { own }, variants });
      const page = await store.list(asked(own));
      expect(page.items.map(({ productId }) => productId)).toEqual([c, b, a]);
      expect(page.items[0]).toEqual(last);
      expect(page.next).toBeNull();
      const tagged = (...tags: string[][]) => ids(asked(own, { tags }));
      expect(await tagged(['color/navy'])).toEqual([c, a]);
      expect(await tagged(['color/navy', 'color/red'])).toEqual([c, b, a]);
      expect(await tagged(['color/navy'], ['fit/slim'])).toEqual([a]);
      expect(await tagged(['color/navy'], ['color/red'])).toEqual([]);
      await save(a, { attributes: { own } });
      expect(await ids(asked(own))).toEqual([a, c, b]);
    });

    test('only what is accepted counts, for tags and for the category', async () => {
      const { own } = mark();
      const [a, b] = [fresh(), fresh()];
      const { category } = tagSetOf('x');
      await save(a, { attributes: { own, color: suggested(0.9) } });
      await save(b, { attributes: { own }, category: { ...category, status: 'suggested' } });
      expect(await ids(asked(own, { tags: [['color/v']] }))).toEqual([]);
      expect(await ids(asked(own, { categories: ['t-shirt', 'dress'] }))).toEqual([a]);
      expect(await ids(asked(own, { categories: ['dress'] }))).toEqual([]);
      expect(await ids(asked(own, { categories: [] }))).toEqual([]);
    });

    test('by review and by failure, kept up to date by writes in place too', async () => {
      const { own } = mark();
      const [open_, done, failed] = [fresh(), fresh(), fresh()];
      const image = { index: 0, status: 'failed', view: null, variant: null, ref: null } as const;
      await save(failed, { attributes: { own }, images: [image] });
      await save(done, { attributes: { own } });
      await save(open_, { attributes: { own, fit: suggested(0.8) } });
      expect(await ids(asked(own, { review: 'pending' }))).toEqual([open_]);
      expect(await ids(asked(own, { review: 'done' }))).toEqual([done, failed]);
      expect(await ids(asked(own, { failed: true }))).toEqual([failed]);
      const tagSet = tagSetOf(open_, { attributes: { own } });
      await store.saveTags(writeOf(open_, {}, { decide: () => ({ tagSet, revise: false }) }));
      expect(await ids(asked(own, { review: 'pending' }))).toEqual([]);
    });

    test('least sure first, ties by id', async () => {
      const { own } = mark();
      const list = [0.9, 0.6, 0.6, 0.7].map((confidence) => ({ id: fresh(), confidence }));
      for (const { id, confidence } of list)
        await save(id, { attributes: { own, fit: suggested(confidence) } });
      const expected = list
        .toSorted((a, b) => a.confidence - b.confidence || (a.id < b.id ? -1 : 1))
        .map(({ id }) => id);
      expect(await ids(asked(own, { sort: 'uncertainty' }))).toEqual(expected);
    });

    test.each(['updated', 'uncertainty'] as const)(
      'pages by %s while products change: what nobody touches comes exactly once, nothing comes twice',
      async (sort) => {
        const { own } = mark();
        const all = Array.from({ length: 12 }, (_, i) => ({ id: fresh(), confidence: 0.6 + (i % 3) / 10 }));
        const put = (id: string, confidence: number) =>
          save(id, { attributes: { own, fit: suggested(confidence) } });
        for (const { id, confidence } of all) await put(id, confidence);
        const order = await ids(asked(own, { sort }));
        const seen: string[] = [];
        let after: ListPosition | null = null;
        do {
          const page = await store.list(asked(own, { sort, limit: 5, after }));
          seen.push(...page.items.map(({ productId }) => productId));
          after = page.next;
          // One that was seen, one that was not yet, and a new one, at both ends of the order.
          if (seen.length === 5) {
            await put(order[1]!, 0.95);
            await put(order[10]!, 0.55);
            await put(fresh(), 0.99);
          }
        } while (after);
        expect(seen).toEqual(order.filter((id) => id !== order[10]));
      },
    );

    test('pages of one, to the end, which says so', async () => {
      const { own } = mark();
      const names = ['é', 'z', '👕', 'Z'].map((letter) => `${letter}-${randomUUID()}`);
      for (const id of names) await save(id, { attributes: { own } });
      const seen: string[] = [];
      let after: ListPosition | null = null;
      do {
        const page = await store.list(asked(own, { sort: 'uncertainty', limit: 1, after }));
        seen.push(...page.items.map(({ productId }) => productId));
        after = JSON.parse(JSON.stringify(page.next)) as ListPosition | null;
      } while (after);
      expect(seen).toEqual(names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    });

    test('history before a revision', async () => {
      const id = fresh();
      for (let count = 0; count < 4; count++) await store.saveTags(countUp(id));
      const revisions = async (limit: number, before?: number) =>
        (await store.history(id, limit, before)).map(({ revision }) => revision);
      expect(await revisions(2)).toEqual([4, 3]);
      expect(await revisions(2, 3)).toEqual([2, 1]);
      expect(await revisions(2, 1)).toEqual([]);
    });

    test('an unknown product is deleted without a fault, and starts at revision 1 afterwards', async () => {
      const id = fresh();
      expect(await store.deleteProduct(id)).toEqual([]);
      expect((await save(id)).revision).toBe(1);
    });

    test('a deleted product is gone from everywhere; its revisions go on where they stopped', async () => {
      const { own } = mark();
      const id = fresh();
      for (const title of ['a', 'b', 'c']) await save(id, { title, attributes: { own } });
      expect(await store.deleteProduct(id)).toEqual([sha256(id)]);
      expect(await store.findTags(id)).toBeNull();
      expect(await store.history(id, 10)).toEqual([]);
      expect(await ids(asked(own))).toEqual([]);
      expect((await store.findImages([sha256(id)], 'm@1')).size).toBe(0);
      expect(await store.deleteProduct(id)).toEqual([]);
      const decide = (current: TagSet | null) => {
        expect(current).toBeNull();
        return { tagSet: tagSetOf(id), revise: true };
      };
      expect((await store.saveTags(writeOf(id, {}, { decide }))).revision).toBe(4);
      expect((await store.history(id, 10)).map(({ revision }) => revision)).toEqual([4]);
      expect((await save(id)).revision).toBe(5);
      await store.deleteProduct(id);
      expect((await save(id)).revision).toBe(6);
    });

    test('pictures that another product uses stay; those of the past go too, under every model', async () => {
      const [one, two, shared, past] = [fresh(), fresh(), fresh('picture'), fresh('picture')];
      const show = (...names: string[]): Partial<TagSet> => ({
        images: names.map((text, index) => ({ ...tagSetOf(text).images[0]!, index })),
      });
      const put = (id: string, names: string[], model: string) => {
        const vectors = new Map(names.map((text) => [sha256(text), vectorOf(text)]));
        return store.saveTags(writeOf(id, show(...names), { images: names.map(imageOf), vectors, model }));
      };
      await put(one, [past], 'm@1');
      await put(one, [past], 'm@2');
      await put(one, [one, shared], 'm@1');
      await put(two, [shared], 'm@1');
      expect([...(await store.deleteProduct(one))].sort()).toEqual([sha256(one), sha256(past)].sort());
      const known = async (model: string) => [
        ...(await store.findImages([one, shared, past].map(sha256), model)).keys(),
      ];
      expect(await known('m@1')).toEqual([sha256(shared)]);
      expect(await known('m@2')).toEqual([]);
      expect(await store.deleteProduct(two)).toEqual([sha256(shared)]);
      expect(await known('m@1')).toEqual([]);
    });

    test('deleting and tagging products that share pictures, all at once: what stands has its pictures', async () => {
      const shared = Array.from({ length: 4 }, () => fresh('picture'));
      const products = Array.from({ length: 6 }, () => fresh());
      const vectors = new Map(shared.map((text) => [sha256(text), vectorOf(text)]));
      const images = shared.map((text, index) => ({ ...tagSetOf(text).images[0]!, index }));
      const put = (id: string) =>
        store.saveTags(writeOf(id, { images }, { images: shared.toReversed().map(imageOf), vectors }));
      for (let round = 0; round < 6; round++) {
        await Promise.all(
          products.flatMap((id, index) => [
            put(id),
            ...((index + round) % 2 ? [store.deleteProduct(id)] : []),
            ...((index + round) % 3 ? [] : [put(id)]),
          ]),
        );
        const standing = await Promise.all(products.map((id) => store.findTags(id)));
        const kept = (await store.findImages(shared.map(sha256), 'm@1')).size;
        expect(kept).toBe(standing.some(Boolean) ? 4 : 0);
      }
      for (const id of products) await store.deleteProduct(id);
      expect((await store.findImages(shared.map(sha256), 'm@1')).size).toBe(0);
    });

    test.each(['', 'a\0b'])('%j is no product id', async (id) => {
      await expect(store.deleteProduct(id)).rejects.toMatchObject({ code: 'product.invalid_id' });
    });

    test('a closed store refuses', async () => {
      await store.close();
      const refusal = { code: 'store.unavailable' };
      await expect(store.list(anyProduct)).rejects.toMatchObject(refusal);
      await expect(store.deleteProduct('p')).rejects.toMatchObject(refusal);
    });
  });
}
