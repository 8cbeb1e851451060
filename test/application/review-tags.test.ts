import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../src/adapters/store/memory.ts';
import type { Store } from '../../src/application/ports.ts';
import type { Taxonomy } from '../../src/domain/taxonomy/types.ts';
import { taxonomy } from '../domain/tagging/small-world.ts';
import { createShop, type Shop } from './shop.ts';

let shop: Shop;
beforeEach(() => {
  shop = createShop();
});
const clock = () => '2026-11-23T00:00:00.000Z';
const ids = (values: readonly { readonly id: string | null }[] | undefined) => values?.map(({ id }) => id);

describe('a review', () => {
  test('is a revision of its own, with who and when, and survives a run', async () => {
    await shop.tag('sku', ['tee short striped']);
    const after = await shop.review('sku', { set: { pattern: ['solid'] }, by: 'Ada' });
    expect(after).toMatchObject({
      revision: 2,
      attributes: { pattern: { source: 'human', reviewed: { by: 'Ada' } } },
    });
    expect((await shop.tag('sku', ['shirt short striped'])).attributes.pattern).toEqual(
      after.attributes.pattern,
    );
    const { items } = await shop.history('sku');
    expect(items.map(({ revision, cause }) => [revision, cause])).toEqual([
      [3, 'request'],
      [2, 'review'],
      [1, 'request'],
    ]);
    expect(items[1]?.tagSet).toEqual(after);
  });

  test('said again it changes nothing but who and when, under the same revision', async () => {
    await shop.tag('sku', ['tee striped']);
    await shop.review('sku', { accept: ['pattern'], by: 'Ada' });
    const again = await shop.review('sku', { accept: ['pattern'], by: 'Ben' });
    expect(again).toMatchObject({ revision: 2, attributes: { pattern: { reviewed: { by: 'Ben' } } } });
    expect(await shop.store.findTags('sku')).toEqual(again);
  });

  test('of a partial run’s other attributes: they stay, person’s or not', async () => {
    await shop.tag('sku', ['tee short striped bow']);
    await shop.review('sku', { set: { sleeve: ['long'] }, reject: ['details/bow'] });
    const after = await shop.tag('sku', ['tee none solid bow fringe'], { attributes: ['sleeve', 'details'] });
    expect(ids(after.attributes.sleeve?.values)).toEqual(['long']);
    expect(ids(after.attributes.details?.values)).toEqual(['fringe']);
    expect(ids(after.attributes.pattern?.values)).toEqual(['striped']);
  });

  test('a partial run asks no more and no less than a whole one: what gates an attribute is looked at too', async () => {
    const whole = await shop.tag('sku', ['tee sleeveless puff']);
    expect(whole.attributes).not.toHaveProperty('sleeve-style');
    await shop.tag('another', ['tee long puff']);
    const partial = await shop.tag('another', ['tee sleeveless puff'], { attributes: ['sleeve-style'] });
    expect(partial.attributes).not.toHaveProperty('sleeve-style');
    expect(ids(partial.attributes.sleeve?.values)).toEqual(['long']);
  });

  test('of an unknown product, of a deleted one, and of one that is deleted meanwhile', async () => {
    const missing = { code: 'product.not_found' };
    await expect(shop.review('sku', { clear: ['pattern'] })).rejects.toMatchObject(missing);
    await shop.tag('sku', ['tee']);
    await shop.remove('sku');
    await expect(shop.review('sku', { clear: ['pattern'] })).rejects.toMatchObject(missing);
    await shop.tag('sku', ['tee']);
    const slow = createShop({
      store: {
        ...shop.store,
        async saveTags(write) {
          await shop.remove('sku');
          return shop.store.saveTags(write);
        },
      },
    });
    await expect(slow.review('sku', { clear: ['pattern'] })).rejects.toMatchObject(missing);
    expect(await shop.store.findTags('sku')).toBeNull();
  });

  test('a value where it does not apply is stored as said, with a doubt that is not', async () => {
    await shop.tag('sku', ['shoes']);
    const after = await shop.review('sku', { set: { sleeve: ['long'], pattern: ['solid'] } });
    expect(after.attributes.sleeve?.source).toBe('human');
    expect(after.warnings.map(({ code, pointer }) => [code, pointer])).toEqual([
      ['calibration.none', undefined],
      ['attribute.not_applicable', '/set/sleeve/0'],
    ]);
    const stored = await shop.store.findTags('sku');
    expect(stored?.warnings.map(({ code }) => code)).toEqual(['calibration.none']);
    // Some tops are T-shirts: what any of them has is no reason for doubt, and neither is an unknown category.
    const tops = await shop.review('sku', { category: 'clothing', set: { sleeve: ['short'] } });
    expect(tops.warnings.map(({ code }) => code)).toEqual(['calibration.none']);
  });
});

describe('If-Match', () => {
  test('one of the revisions stands, or nothing happens', async () => {
    await shop.tag('sku', ['tee striped']);
    const first = await shop.review('sku', { clear: ['pattern'] }, [1]);
    for (const revisions of [[1], [], [3, 1]]) {
      const late = shop.review('sku', { set: { pattern: ['solid'] } }, revisions);
      await expect(late).rejects.toMatchObject({ code: 'revision.conflict', revision: 2 });
    }
    expect(await shop.store.findTags('sku')).toEqual(first);
    expect((await shop.review('sku', { reset: ['pattern'] }, [7, 2])).revision).toBe(3);
  });

  test('two people at once: one is told, neither is lost', async () => {
    await shop.tag('sku', ['tee striped short']);
    const both = await Promise.allSettled([
      shop.review('sku', { set: { pattern: ['solid'] } }, [1]),
      shop.review('sku', { set: { sleeve: ['long'] } }, [1]),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(await shop.store.findTags('sku')).toMatchObject({
      revision: 2,
      attributes: { pattern: { source: 'human' }, sleeve: { source: 'model' } },
    });
  });
});

describe('what the model says again', () => {
  test('is about the pictures that stand when it is written, not about those that stood before', async () => {
    await shop.tag('sku', ['tee short striped']);
    await shop.review('sku', { set: { pattern: ['solid'] } });
    let looks = 0;
    const changing: Store = {
      ...shop.store,
      async findImages(sha256s, model) {
        if (++looks === 1) await shop.tag('sku', ['tee short solid']);
        return shop.store.findImages(sha256s, model);
      },
    };
    const after = await createShop({ store: changing }).review('sku', { reset: ['pattern'] });
    expect(ids(after.attributes.pattern?.values)).toEqual(['solid']);
    expect(after.attributes.pattern?.source).toBe('model');
    expect(looks).toBe(2);
  });

  test('pictures that change again and again: the person is heard all the same', async () => {
    await shop.tag('sku', ['tee striped']);
    await shop.review('sku', { set: { pattern: ['solid'] } });
    let looks = 0;
    const restless: Store = {
      ...shop.store,
      async findImages(sha256s, model) {
        await shop.tag('sku', [`tee striped ${++looks}`]);
        return shop.store.findImages(sha256s, model);
      },
    };
    const after = await createShop({ store: restless }).review('sku', { reset: ['pattern'] });
    expect(after.attributes).not.toHaveProperty('pattern');
    expect(looks).toBe(3);
  });

  test('another model, which has not seen the pictures: it takes nothing away that it cannot replace', async () => {
    const store = createMemoryStore({ clock });
    const old = createShop({ store });
    await old.tag('sku', ['tee short striped']);
    const before = await old.review('sku', { set: { sleeve: ['long'] } });
    const blind = createShop({ store, fingerprint: '2' });
    expect((await blind.review('sku', { reset: ['pattern', 'category'] })).attributes).toEqual(
      before.attributes,
    );
    const after = await blind.review('sku', { reset: ['sleeve'] });
    expect(after.attributes).not.toHaveProperty('sleeve');
    expect(after.attributes.pattern).toEqual(before.attributes.pattern);
    const hats = await blind.review('sku', { category: 'hats' });
    expect(Object.keys(hats.attributes).sort()).toEqual(['color', 'gender', 'pattern']);
  });

  test('another model that knows the pictures: its answer says so itself', async () => {
    const store = createMemoryStore({ clock });
    const old = createShop({ store });
    await old.tag('sku', ['tee short striped']);
    await old.review('sku', { set: { sleeve: ['long'] } });
    const next = createShop({ store, fingerprint: '2' });
    await next.tag('another', ['tee short striped']);
    const after = await next.review('sku', { reset: ['sleeve'] });
    expect(after.attributes.sleeve).toMatchObject({
      source: 'model',
      values: [{ id: 'short' }],
      provenance: { model: expect.stringContaining('small@2') },
    });
    expect(after.provenance.model).toContain('small@1');
  });
});

describe('a taxonomy that has changed', () => {
  /** Without T-shirts, and without the value that somebody gave. */
  const categories = taxonomy.categories.filter(({ id }) => id !== 'tee');
  const shirts = categories.map((one) => (one.id === 'tops' ? { ...one, children: ['shirt'] } : one));
  const less: Taxonomy = {
    ...taxonomy,
    version: '2.0.0',
    contentHash: '1'.repeat(64),
    categories: shirts,
    categoryById: new Map(shirts.map((one) => [one.id, one])),
  };

  test('a person’s category that is gone stands, and what is above it decides what applies', async () => {
    const store = createMemoryStore({ clock });
    const before = createShop({ store });
    await before.tag('sku', ['shirt short striped']);
    const said = await before.review('sku', { category: 'tee', set: { pattern: ['solid'] } });
    const after = createShop({ store, taxonomy: less });
    const run = await after.tag('sku', ['shirt long striped']);
    expect(run.category).toEqual(said.category);
    expect(run.attributes.pattern).toEqual(said.attributes.pattern);
    expect(ids(run.attributes.sleeve?.values)).toEqual(['long']);
    const reset = await after.review('sku', { reset: ['pattern'] });
    expect(ids(reset.attributes.pattern?.values)).toEqual(['striped']);
    await expect(after.review('sku', { category: 'tee' })).rejects.toMatchObject({
      code: 'request.malformed',
    });
    expect(ids((await after.review('sku', { reset: ['category'] })).category.values)).toEqual(['shirt']);
  });
});
