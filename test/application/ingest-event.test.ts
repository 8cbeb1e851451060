/** What shops say, worked into tags: whatever comes first, twice, or at the same time. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CatalogEvent, CatalogUpsert } from '../../src/domain/events/catalog-event.ts';
import type { Moment } from '../../src/domain/events/catalog-state.ts';
import { upsert } from '../domain/events/sample-events.ts';
import { createShop, type Shop } from './shop.ts';

const at = (minute: number, sequence = minute): Moment => ({
  at: `2026-11-20T10:${String(minute).padStart(2, '0')}:00.000Z`,
  sequence,
});
const deletion: CatalogEvent = { type: 'product.deleted', productId: 'p', at: null };
const word = (...labels: string[]) => labels.map((label) => ({ label, verbatim: false }));
const shows = (...pictures: string[]) =>
  pictures.map((text) => ({
    reference: { kind: 'url' as const, url: `https://shop/${text}` },
    view: null,
    variant: null,
    ref: null,
  }));
const request = (text: string, title: string | null = null) => ({
  productId: 'p',
  images: [{ content: new TextEncoder().encode(text), view: null, variant: null, ref: null }],
  category: null,
  title,
  attributes: null,
  explain: false,
  store: true,
});
const tags = (shop: Shop) => shop.store.findTags('p');
const color = async (shop: Shop) => {
  const { source, values } = (await tags(shop))?.attributes.color ?? {};
  return [source, values?.map(({ id, name }) => id ?? name)];
};

describe('an event', () => {
  test('with pictures: the model’s answer, under the merchant’s words', async () => {
    const shop = createShop();
    const said = upsert({ title: 'Tee', images: shows('tee short'), attributes: { color: word('Navy') } });
    expect(await shop.ingest(said, at(1))).toEqual({ revision: 1, worked: 1 });
    expect(await tags(shop)).toMatchObject({
      title: 'Tee',
      category: { source: 'model', values: [{ id: 'tee' }] },
      attributes: { color: { source: 'merchant', values: [{ id: 'navy' }] }, sleeve: { source: 'model' } },
      images: [{ status: 'ok' }],
    });
    expect((await shop.history('p')).items.map(({ cause }) => cause)).toEqual(['webhook']);
  });

  test('of words alone asks neither the shop’s server nor the model', async () => {
    const shop = createShop();
    await shop.ingest(upsert({ images: shows('tee short'), attributes: { color: word('navy') } }), at(1));
    await shop.ingest(upsert({ attributes: { color: null }, category: 'shirt' }), at(2));
    expect([shop.fetched, shop.looks()]).toEqual([['tee short'], 1]);
    expect((await tags(shop))?.category).toMatchObject({ source: 'merchant', values: [{ id: 'shirt' }] });
    expect((await color(shop))[0]).toBe('model');
  });

  test('with the same pictures asks the server whether they are, and the model nothing', async () => {
    const shop = createShop();
    const same = upsert({ images: shows('tee short') });
    await shop.ingest(same, at(1));
    expect(await shop.ingest(same, at(2))).toEqual({ revision: 1, worked: 0 });
    expect([shop.fetched, shop.looks()]).toEqual([['tee short', 'tee short again'], 1]);
  });

  test('without pictures has a TagSet of the merchant’s words', async () => {
    const shop = createShop();
    await shop.ingest(upsert({ title: 'Vase', attributes: { color: word('red') } }), at(1));
    const tagSet = await tags(shop);
    expect(tagSet).toMatchObject({ title: 'Vase', category: { reason: 'not-visible' }, images: [] });
    expect(Object.keys(tagSet!.attributes)).toEqual(['color']);
  });

  test('whose pictures all fail keeps those that stand, says its words, and fails', async () => {
    const shop = createShop();
    await shop.ingest(upsert({ images: shows('tee short') }), at(1));
    const broken = upsert({ images: shows('gone'), attributes: { color: word('red') } });
    await expect(shop.ingest(broken, at(2))).rejects.toMatchObject({ code: 'image.fetch_failed' });
    expect(await color(shop)).toEqual(['merchant', ['red']]);
    expect((await tags(shop))?.images).toMatchObject([{ status: 'ok' }]);
    expect((await tags(shop))?.category.values[0]?.id).toBe('tee');
    await expect(shop.ingest(upsert({ ...broken, productId: 'new' }), at(3))).rejects.toThrow();
    expect((await shop.store.findTags('new'))?.images).toMatchObject([{ status: 'failed' }]);
  });

  test('that repeats what the model said is an echo', async () => {
    const shop = createShop();
    await shop.ingest(upsert({ images: shows('tee short') }), at(1));
    const echo = upsert({ category: 'tee', attributes: { sleeve: word('short') } });
    // After the clock of the test, so that the first TagSet stood then.
    await shop.ingest(echo, { at: '2026-12-01T00:00:00.000Z', sequence: 2 });
    expect(await tags(shop)).toMatchObject({
      revision: 1,
      category: { source: 'model' },
      attributes: { sleeve: { source: 'model' } },
    });
  });

  test('under another model: the originals are looked at again, and what they showed stays without them', async () => {
    const shop = createShop();
    await shop.ingest(upsert({ images: shows('tee short') }), at(1));
    const other = createShop({ store: shop.store, fingerprint: '2' });
    await other.ingest(upsert({ title: 'no original' }), at(2));
    expect([other.looks(), (await tags(shop))?.attributes.sleeve?.source]).toEqual([0, 'model']);
    for (const [name, bytes] of shop.originals) other.originals.set(name, bytes);
    await other.ingest(upsert({ title: 'original' }), at(3));
    expect([other.looks(), other.fetched, (await tags(shop))?.provenance.model]).toEqual([1, [], 'small@2']);
  });
});

describe('a request and an event', () => {
  test('the later has the pictures, and the merchant’s words stay', async () => {
    const shop = createShop();
    await shop.ingest(upsert({ images: shows('tee short'), attributes: { color: word('navy') } }), at(1));
    await shop.run(request('shirt long'), 2);
    expect((await tags(shop))?.category.values[0]?.id).toBe('shirt');
    expect(await color(shop)).toEqual(['merchant', ['navy']]);
    await shop.ingest(upsert({ attributes: { color: word('red') } }), at(3));
    expect((await tags(shop))?.category.values[0]?.id).toBe('shirt');
    expect(await color(shop)).toEqual(['merchant', ['red']]);
    await shop.ingest(upsert({ images: shows('tee short') }), at(4));
    expect((await tags(shop))?.category.values[0]?.id).toBe('tee');
  });

  test('the later title stands, whichever is worked first', async () => {
    for (const requestFirst of [true, false]) {
      const shop = createShop();
      const asked = () => shop.run(request('tee short', 'asked'), 1);
      if (requestFirst) await asked();
      await shop.ingest(upsert({ title: 'said' }), at(2));
      if (!requestFirst) await asked();
      expect((await tags(shop))?.title).toBe('said');
      await shop.run(request('tee short', 'later'), 3);
      await shop.ingest(upsert({ attributes: { color: word('red') } }), at(4));
      expect((await tags(shop))?.title).toBe('later');
    }
  });
});

describe('a deletion', () => {
  const made = upsert({ images: shows('tee short'), attributes: { color: word('navy') } });
  const restored = (shop: Shop) => shop.catalog.restore('p', '2026-11-20T11:00:00.000Z');

  test('takes the product out of sight, until it is restored as it was', async () => {
    const shop = createShop();
    await shop.ingest(made, at(1));
    await shop.review('p', { set: { sleeve: ['long'] }, by: 'ann' });
    const before = await tags(shop);
    expect(await shop.ingest(deletion, at(2))).toEqual({ revision: null, worked: 0 });
    expect([await tags(shop), (await shop.store.history('p', 9)).length]).toEqual([null, 0]);
    await expect(shop.review('p', { clear: ['sleeve'] })).rejects.toMatchObject({
      code: 'product.not_found',
    });
    expect(await restored(shop)).toEqual(before);
    expect(await tags(shop)).toEqual(before);
    expect(await restored(shop)).toBeNull();
    // The same deletion, worked once more, is over; when it was looked at is all that may be new.
    await shop.ingest(deletion, at(2));
    const { provenance, ...again } = (await tags(shop))!;
    expect({ ...again, provenance: { ...provenance, taggedAt: before?.provenance.taggedAt } }).toEqual(
      before,
    );
    await shop.ingest(deletion, { at: '2026-11-20T12:00:00.000Z', sequence: 9 });
    expect(await tags(shop)).toBeNull();
  });

  test('and a later upsert: a new product, whose revisions go on', async () => {
    const shop = createShop();
    await shop.ingest(made, at(1));
    await shop.ingest(deletion, at(2));
    await shop.ingest(upsert({ title: 'late' }), at(1, 3));
    expect(await tags(shop)).toBeNull();
    await shop.ingest(upsert({ title: 'anew' }), at(4));
    expect(await tags(shop)).toMatchObject({ revision: 2, title: 'anew', images: [], attributes: {} });
  });

  test('a request brings it back if it came later, and not if it came before', async () => {
    const shop = createShop();
    await shop.ingest(made, at(1));
    await shop.ingest(deletion, at(3));
    await expect(shop.run(request('shirt'), 2)).rejects.toMatchObject({ code: 'product.not_found' });
    await shop.run(request('shirt'), 4);
    await shop.ingest(deletion, at(3));
    expect(await tags(shop)).toMatchObject({ revision: 2, category: { values: [{ id: 'shirt' }] } });
  });

  test('taken back by the shop itself: tags and people’s words stand again', async () => {
    const shop = createShop();
    await shop.ingest(made, at(1));
    await shop.review('p', { set: { sleeve: ['long'] }, by: 'ann' });
    await shop.ingest(deletion, at(2));
    await shop.ingest(upsert({ ...made, restores: true }), at(3));
    expect((await tags(shop))?.attributes.sleeve).toMatchObject({ source: 'human' });
    expect((await tags(shop))?.revision).toBe(2);
  });

  test('for good: what was said before, or accepted before, does not bring it back', async () => {
    const shop = createShop();
    await shop.ingest(made, at(1));
    await shop.remove('p');
    const late = { at: '2026-12-01T00:00:00.000Z' };
    expect((await shop.ingest(made, { ...late, sequence: 0 })).revision).toBeNull();
    expect((await shop.ingest(made, at(5, 99))).revision).toBeNull();
    expect((await shop.ingest(made, { ...late, sequence: 99 })).revision).toBe(2);
  });
});

const labels = fc.constantFrom(null, word('navy'), word('red'), []);
const fields: fc.Arbitrary<CatalogEvent> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record(
        {
          title: fc.constantFrom('a', 'b'),
          category: fc.constantFrom('shirt', 'tee', null),
          images: fc.constantFrom(shows('tee short'), shows('shirt long', 'tee'), []),
          attributes: fc.dictionary(fc.constantFrom('color', 'sleeve'), labels, { maxKeys: 2 }),
          whole: fc.constant(true as const),
        },
        { requiredKeys: [] },
      )
      .map((some): CatalogEvent => upsert(some as Partial<CatalogUpsert>)),
  },
  { weight: 1, arbitrary: fc.constant(deletion) },
);
const inputs = fc.array(
  fc.tuple(
    fc.oneof({ weight: 4, arbitrary: fields }, { weight: 1, arbitrary: fc.constant(null) }),
    fc.nat(5),
  ),
  { minLength: 1, maxLength: 6 },
);

test('whatever order inputs are worked in, however often and at once: the same product', async () => {
  const end = async (
    list: readonly number[],
    all: readonly (readonly [CatalogEvent | null, number])[],
    atOnce: boolean,
  ) => {
    const shop = createShop();
    const work = async (place: number) => {
      const [event, minute] = all[place]!;
      const sequence = place + 1;
      if (event) await shop.ingest(event, at(minute, sequence));
      // Not admitted any more is how some of them end.
      else await shop.run(request('tee long'), sequence).catch(() => {});
    };
    if (atOnce) await Promise.all(list.map(work));
    else for (const place of list) await work(place);
    const tagSet = await tags(shop);
    // Warnings are those of whoever wrote last.
    return tagSet && { ...tagSet, revision: 0, provenance: null, warnings: [] };
  };
  await fc.assert(
    fc.asyncProperty(
      inputs.chain((all) => {
        const places = all.map((_, place) => place);
        const twice = [...places, ...places];
        return fc.tuple(
          fc.constant(all),
          fc.shuffledSubarray(twice, { minLength: twice.length, maxLength: twice.length }),
          fc.boolean(),
        );
      }),
      async ([all, mixed, atOnce]) => {
        const inOrder = all.map((_, place) => place);
        expect(await end(mixed, all, atOnce)).toEqual(await end(inOrder, all, false));
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);
