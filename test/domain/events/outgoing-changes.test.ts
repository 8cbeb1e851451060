import fc, { type Arbitrary } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { productTagged } from '../../../src/domain/events/outgoing.ts';
import { type Standing, type TagChange, tagChanges } from '../../../src/domain/events/outgoing-changes.ts';
import { changed } from '../../../src/domain/tagging/merge.ts';
import type { Decision, TagSet } from '../../../src/domain/tagging/types.ts';
import { decided, tagSetOf } from '../../contracts/sample-tags.ts';

const accepted = (...values: string[]): Standing => ({ status: 'accepted', source: 'model', values });
const only = (attributes: TagSet['attributes'], rest: Partial<TagSet> = {}) =>
  tagSetOf('sku', { attributes, ...rest });
const variant = (key: string, attributes: TagSet['attributes']) => ({ key, images: [], attributes });
const shared = (attribute: string) => ({ attribute, variant: null });

describe('what became different', () => {
  const blue = only({ color: decided('navy') });
  test.each<[string, TagSet | null, TagSet | null, TagChange[]]>([
    ['nothing', blue, blue, []],
    [
      'everything, where there was nothing',
      null,
      blue,
      [
        { ...shared('category'), before: null, after: accepted('t-shirt') },
        { ...shared('color'), before: null, after: accepted('navy') },
      ],
    ],
    [
      'everything, where there is nothing any more',
      blue,
      null,
      [
        { ...shared('category'), before: accepted('t-shirt'), after: null },
        { ...shared('color'), before: accepted('navy'), after: null },
      ],
    ],
    ['neither is there', null, null, []],
    [
      'another value, an attribute that came and one that went, by id',
      only({ pattern: decided('solid'), color: decided('navy') }),
      only({ fit: decided('slim'), color: decided('red') }),
      [
        { ...shared('color'), before: accepted('navy'), after: accepted('red') },
        { ...shared('fit'), before: null, after: accepted('slim') },
        { ...shared('pattern'), before: accepted('solid'), after: null },
      ],
    ],
    [
      'the same value by another mouth',
      blue,
      only({ color: { ...decided('navy'), source: 'human' } }),
      [{ ...shared('color'), before: accepted('navy'), after: { ...accepted('navy'), source: 'human' } }],
    ],
    [
      'a word that the taxonomy does not know, by its name',
      blue,
      only({ color: { ...decided('navy'), values: [{ id: null, name: 'Walnut \0', confidence: null }] } }),
      [{ ...shared('color'), before: accepted('navy'), after: accepted('Walnut \0') }],
    ],
    ['not: confidence', blue, only({ color: decided('navy', 0.99) }), []],
    ['not: pictures and the title', blue, only({ color: decided('navy') }, { title: 'x', images: [] }), []],
    [
      'variants after what is shared, by key and id, an empty key too',
      only({ color: decided('navy') }, { variants: [variant('b', { color: decided('red') })] }),
      only(
        { color: decided('white') },
        { variants: [variant('b', { color: decided('navy') }), variant('', { pattern: decided('solid') })] },
      ),
      [
        { ...shared('color'), before: accepted('navy'), after: accepted('white') },
        { attribute: 'pattern', variant: '', before: null, after: accepted('solid') },
        { attribute: 'color', variant: 'b', before: accepted('red'), after: accepted('navy') },
      ],
    ],
  ])('%s', (_, before, after, changes) => {
    expect(tagChanges(before, after)).toEqual(changes);
  });
});

const ids = fc.constantFrom('color', 'pattern', 'fit', 'constructor', '__proto__');
const decision: Arbitrary<Decision> = fc.record({
  status: fc.constantFrom('accepted', 'suggested', 'abstained', 'cleared'),
  source: fc.constantFrom('model', 'human', 'merchant'),
  values: fc.array(
    fc.record({
      id: fc.option(fc.constantFrom('navy', 'red', 'solid')),
      name: fc.string({ maxLength: 3 }),
      confidence: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    }),
    { maxLength: 2 },
  ),
  threshold: fc.constant(null),
  candidates: fc.constant([]),
  rejected: fc.constant([]),
  reviewed: fc.constant(null),
});
const attributes = fc
  .array(fc.tuple(ids, decision), { maxLength: 4 })
  .map((entries): Record<string, Decision> => Object.fromEntries(entries));
const tagSet: Arbitrary<TagSet | null> = fc.option(
  fc
    .record({
      category: decision,
      attributes,
      variants: fc.uniqueArray(fc.tuple(fc.constantFrom('', 'a', '"', '\u{1F457}', 'a,'), attributes), {
        selector: ([key]) => key,
        maxLength: 3,
      }),
    })
    .map(({ category, attributes, variants }) =>
      tagSetOf('sku', {
        category: { ...category, values: category.values.map((one) => ({ ...one, path: [] })) },
        attributes,
        variants: variants.map(([key, some]) => variant(key, some)),
      }),
    ),
  { freq: 6 },
);

describe('for any two TagSets', () => {
  const swapped = (changes: readonly TagChange[]) =>
    changes.map(({ before, after, ...place }) => ({ ...place, before: after, after: before }));
  /** Place -> what stands there. */
  const standing = (one: TagSet | null) =>
    new Map(tagChanges(null, one).map(({ before: _, after, ...place }) => [JSON.stringify(place), after]));

  test('the other way round, before and after are exchanged', () => {
    fc.assert(
      fc.property(tagSet, tagSet, (a, b) => {
        expect(tagChanges(b, a)).toEqual(swapped(tagChanges(a, b)));
      }),
    );
  });

  test('put over what stood, the changes give what stands, and each changes something', () => {
    fc.assert(
      fc.property(tagSet, tagSet, (a, b) => {
        const after = standing(a);
        for (const { before, after: fresh, ...place } of tagChanges(a, b)) {
          const key = JSON.stringify(place);
          expect(after.get(key) ?? null).toEqual(before);
          expect(fresh).not.toEqual(before);
          if (fresh) after.set(key, fresh);
          else after.delete(key);
        }
        expect(after).toEqual(standing(b));
      }),
    );
  });

  test('no change without a revision', () => {
    fc.assert(
      fc.property(tagSet, tagSet, (a, b) => {
        if (b && !changed(a, b)) expect(tagChanges(a, b)).toEqual([]);
        if (a) expect(tagChanges(a, a)).toEqual([]);
      }),
    );
  });
});

test('an event shows the TagSet as answers do', () => {
  const after = only({ color: decided('navy') }, { revision: 4 });
  const event = productTagged({ before: null, after, cause: 'review', causeId: null });
  expect(event).toMatchObject({
    type: 'product.tagged',
    productId: 'sku',
    data: { revision: 4, cause: 'review', causeId: null, tagSet: { apiVersion: 1, revision: 4 } },
  });
  expect((event.data as { tagSet: { tags: string[] } }).tagSet.tags).toEqual([
    'category/t-shirt',
    'color/navy',
  ]);
});
