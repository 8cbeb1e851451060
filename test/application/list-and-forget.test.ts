/** Products listed by what stands, a page of history at a time, and forgotten without a trace but their numbers. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { ProductQuestion } from '../../src/application/tag-request.ts';
import { createShop, type Shop, sha256 } from './shop.ts';

let shop: Shop;
beforeEach(() => {
  shop = createShop();
});
const everything: ProductQuestion = {
  category: null,
  tags: [],
  review: null,
  failed: false,
  sort: 'updated',
  limit: 50,
  after: null,
};
const listed = async (question: Partial<ProductQuestion> = {}) =>
  (await shop.list({ ...everything, ...question })).items.map(({ productId }) => productId);

describe('listing', () => {
  test('a category means what is below it too, and only where it is accepted', async () => {
    await shop.tag('tee', ['tee']);
    await shop.tag('hat', ['hats']);
    await shop.tag('shoe', ['shoes']);
    await shop.tag('who knows', ['tee shoes']);
    expect((await listed({ category: 'clothing' })).sort()).toEqual(['hat', 'tee']);
    expect(await listed({ category: 'tops' })).toEqual(['tee']);
    expect(await listed({ category: 'tee' })).toEqual(['tee']);
    expect(await listed({ category: 'shirt' })).toEqual([]);
    await shop.review('hat', { category: 'shirt' });
    expect((await listed({ category: 'tops' })).sort()).toEqual(['hat', 'tee']);
  });

  test('tags as they stand after people have spoken; any variant counts; a suggestion does not', async () => {
    await shop.tag('one', ['tee striped women']);
    await shop.tag('two', ['red:tee striped', 'blue:tee solid']);
    const pattern = (value: string) => listed({ tags: [[`pattern/${value}`]] });
    expect((await pattern('striped')).sort()).toEqual(['one', 'two']);
    expect(await pattern('solid')).toEqual(['two']);
    await shop.review('two', { reject: ['pattern/striped'], variant: 'red' });
    expect(await pattern('striped')).toEqual(['one']);
    expect(await listed({ tags: [['pattern/striped', 'pattern/solid'], ['gender/women']] })).toEqual([]);
    await shop.review('one', { accept: ['gender/women'] });
    expect(await listed({ tags: [['pattern/striped', 'pattern/solid'], ['gender/women']] })).toEqual(['one']);
  });

  test('the queue of what waits for people shrinks as they speak, least sure first', async () => {
    for (const [id, picture] of Object.entries({ a: 'tee shoes', b: 'tee short', c: 'shoes solid' })) {
      await shop.tag(id, [picture]);
    }
    const queue = () => listed({ review: 'pending', sort: 'uncertainty' });
    const open = await queue();
    expect([...open].sort()).toEqual(['a', 'b', 'c']);
    const seen: string[] = [];
    for (let next = open[0]; next; [next] = await queue()) {
      seen.push(next);
      const tagSet = await shop.store.findTags(next);
      const waiting = Object.entries(tagSet!.attributes).filter(
        ([, { status, reviewed }]) => status !== 'accepted' && reviewed === null,
      );
      const words = {
        clear: waiting.filter(([, { status }]) => status === 'abstained').map(([id]) => id),
        accept: waiting
          .filter(([, { status }]) => status === 'suggested')
          .map(([id, { values }]) => `${id}/${values[0]!.id}`),
      };
      await shop.review(next, { ...words, category: 'tee', by: 'Ada' });
      // Another category asks other questions: those are answered in a later round.
      expect(seen.length).toBeLessThan(10);
    }
    expect(new Set(seen)).toEqual(new Set(['a', 'b', 'c']));
    expect((await listed({ review: 'done' })).sort()).toEqual(['a', 'b', 'c']);
  });
});

describe('history', () => {
  test('pages end where it ends', async () => {
    await shop.tag('sku', ['tee striped']);
    for (const value of ['solid', 'striped', 'solid', 'striped']) {
      await shop.review('sku', { set: { pattern: [value] } });
    }
    const first = await shop.history('sku', 3);
    expect([first.items.map(({ revision }) => revision), first.next]).toEqual([[5, 4, 3], 3]);
    const last = await shop.history('sku', 2, first.next);
    expect([last.items.map(({ revision }) => revision), last.next]).toEqual([[2, 1], null]);
    expect(await shop.history('sku', 2, 1)).toEqual({ items: [], next: null });
    await expect(shop.history('another')).rejects.toMatchObject({ code: 'product.not_found' });
  });
});

describe('forgetting', () => {
  test('tags, history, vectors and originals, those of the past included', async () => {
    await shop.tag('sku', ['tee old']);
    await shop.tag('sku', ['tee new', 'tee shared']);
    await shop.tag('other', ['tee shared']);
    expect(shop.originals.size).toBe(3);
    await shop.remove('sku');
    expect([...shop.originals.keys()]).toEqual([sha256('tee shared')]);
    const known = await shop.store.findImages(['tee old', 'tee new', 'tee shared'].map(sha256), 'small@1');
    expect([...known.keys()]).toEqual([sha256('tee shared')]);
    expect(await listed()).toEqual(['other']);
    await expect(shop.history('sku')).rejects.toMatchObject({ code: 'product.not_found' });
    expect((await shop.store.findTags('other'))?.images[0]?.sha256).toBe(sha256('tee shared'));
  });

  test('people’s words go too, and the numbers go on', async () => {
    await shop.tag('sku', ['tee striped']);
    await shop.review('sku', { set: { sleeve: ['long'] }, reject: ['pattern/striped'], category: 'shirt' });
    await shop.remove('sku');
    await shop.remove('sku');
    const again = await shop.tag('sku', ['tee striped']);
    expect(again.revision).toBe(3);
    const fresh = await createShop().tag('sku', ['tee striped']);
    expect([again.category, again.attributes]).toEqual([fresh.category, fresh.attributes]);
    expect((await shop.history('sku')).items.map(({ revision }) => revision)).toEqual([3]);
    await expect(shop.review('sku', { clear: ['pattern'] }, [1, 2])).rejects.toMatchObject({
      code: 'revision.conflict',
      revision: 3,
    });
  });

  test('whom nobody knows', async () => {
    await shop.remove('sku');
    expect((await shop.tag('sku', ['tee'])).revision).toBe(1);
  });
});
