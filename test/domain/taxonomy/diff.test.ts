import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diffTaxonomies, type TaxonomyDiff } from '../../../src/domain/taxonomy/diff.ts';
import type { Attribute, AttributeValue, Taxonomy } from '../../../src/domain/taxonomy/types.ts';
import { attribute, taxonomy as small, value } from '../tagging/small-world.ts';

function changedTo(more: Partial<Taxonomy>): Taxonomy {
  const { attributes = small.attributes, categories = small.categories } = more;
  return {
    ...small,
    version: '1.1.0',
    ...more,
    attributeById: new Map(attributes.map((one) => [one.id, one])),
    categoryById: new Map(categories.map((one) => [one.id, one])),
  };
}
const having = (id: string, change: (one: Attribute) => Partial<Attribute>) =>
  changedTo({
    attributes: small.attributes.map((one) => (one.id === id ? { ...one, ...change(one) } : one)),
  });
const withValue = (id: string, more: Partial<AttributeValue>) =>
  having('pattern', ({ values }) => ({
    values: values.map((one) => (one.id === id ? { ...one, ...more } : one)),
  }));
const withCategory = (id: string, more: Partial<Taxonomy['categories'][number]>) =>
  changedTo({ categories: small.categories.map((one) => (one.id === id ? { ...one, ...more } : one)) });
const lines = ({ changes }: TaxonomyDiff) =>
  changes.map(({ change, of, id, field }) =>
    [change, of, id, field].filter((part) => part !== null).join(' '),
  );
const diff = (after: Taxonomy) => diffTaxonomies(small, after);

describe('what changed', () => {
  test.each<[string, Taxonomy, string[]]>([
    ['nothing but the version', changedTo({}), []],
    ['a value’s name', withValue('solid', { name: 'Plain' }), ['renamed value pattern/solid name']],
    ['its captions', withValue('solid', { prompts: ['x'] }), ['prompts value pattern/solid prompts']],
    ['its synonyms', withValue('solid', { synonyms: ['x'] }), ['synonyms value pattern/solid synonyms']],
    [
      'where it applies',
      withValue('solid', { profiles: ['top'] }),
      ['rescoped value pattern/solid profiles'],
    ],
    ['its id at Google', withValue('solid', { google: 'x' }), ['mappings value pattern/solid google']],
    [
      'it is retired',
      withValue('striped', { deprecated: true, replacedBy: 'solid' }),
      ['retired value pattern/striped replacedBy'],
    ],
    [
      'a new value',
      having('pattern', ({ values }) => ({ values: [...values, value('dotted')] })),
      ['added value pattern/dotted'],
    ],
    [
      'a value gone',
      having('pattern', ({ values }) => ({ values: values.slice(1) })),
      ['removed value pattern/solid'],
    ],
    [
      'their order',
      having('pattern', ({ values }) => ({ values: [...values].reverse() })),
      ['order attribute pattern values'],
    ],
    [
      'an attribute’s scope',
      having('sleeve', () => ({ scope: 'variant' })),
      ['rescoped attribute sleeve scope'],
    ],
    [
      'how many it may have',
      having('sleeve', () => ({ selection: 'multi', maxValues: 2 })),
      ['rescoped attribute sleeve selection', 'rescoped attribute sleeve maxValues'],
    ],
    ['its policy', having('gender', () => ({ policy: 'decide' })), ['rescoped attribute gender policy']],
    [
      'what it requires',
      having('sleeve-style', () => ({ requires: [] })),
      ['rescoped attribute sleeve-style requires'],
    ],
    [
      'how it is scored',
      having('details', () => ({ scoring: 'softmax' })),
      ['scoring attribute details scoring'],
    ],
    [
      'a new attribute, with its values',
      changedTo({ attributes: [...small.attributes, attribute('hem', [value('raw'), value('round')])] }),
      ['added attribute hem'],
    ],
    ['a category’s parent', withCategory('hats', { parent: null }), ['moved category hats parent']],
    ['its noun', withCategory('hats', { noun: 'cap' }), ['prompts category hats noun']],
    [
      'a category gone',
      changedTo({ categories: small.categories.filter(({ id }) => id !== 'hats') }),
      ['removed category hats'],
    ],
    ['templates', changedTo({ templates: ['a photo of {caption}'] }), ['prompts taxonomy small templates']],
    [
      'what a profile has',
      changedTo({
        profiles: new Map(small.profiles).set('shoe', { ...small.profiles.get('shoe')!, attributes: [] }),
      }),
      ['rescoped profile shoe attributes'],
    ],
  ])('%s', (_, after, expected) => {
    const found = diff(after);
    expect(lines(found)).toEqual(expected);
    expect(found).toMatchObject({ from: 'small@1.0.0', to: 'small@1.1.0' });
    expect(Object.values(found.counts).reduce((sum, count) => sum + count, 0)).toBe(expected.length);
  });

  test('a value that comes does not change "as many as there are"', () => {
    const all = having('details', ({ values }) => ({ maxValues: values.length }));
    const more = having('details', ({ values }) => {
      const longer = [...values, value('zips')];
      return { values: longer, maxValues: longer.length };
    });
    expect(lines(diffTaxonomies(all, more))).toEqual(['added value details/zips']);
  });
});

describe('any two taxonomies', () => {
  const words = fc.subarray(['x', 'y', 'z']);
  const anyValue = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    name: fc.constantFrom('A', 'B'),
    prompts: words,
    synonyms: words,
    deprecated: fc.boolean(),
    replacedBy: fc.constantFrom('a', 'b', null),
  });
  const values = fc.uniqueArray(anyValue, { selector: ({ id }) => id, maxLength: 4 });
  const anyAttribute = fc.record({
    id: fc.constantFrom('p', 'q', 'r'),
    values: values.map((list) => list.map(({ id, ...more }) => value(id, more))),
    scope: fc.constantFrom('product' as const, 'variant' as const),
  });
  const anyTaxonomy = fc
    .uniqueArray(anyAttribute, { selector: ({ id }) => id, maxLength: 3 })
    .map((list) =>
      changedTo({ attributes: list.map(({ id, values: own, ...more }) => attribute(id, own, more)) }),
    );
  const ids = ({ changes }: TaxonomyDiff, kind: string) =>
    changes
      .filter(({ change }) => change === kind)
      .map(({ id }) => id)
      .sort();

  test('one and itself do not differ; what one added the other removed; every change is one both ways', () => {
    fc.assert(
      fc.property(anyTaxonomy, anyTaxonomy, (a, b) => {
        expect(diffTaxonomies(a, a).changes).toEqual([]);
        const [there, back] = [diffTaxonomies(a, b), diffTaxonomies(b, a)];
        expect(ids(there, 'added')).toEqual(ids(back, 'removed'));
        expect(ids(there, 'removed')).toEqual(ids(back, 'added'));
        const stayed = ({ changes }: TaxonomyDiff) =>
          changes.flatMap(({ id, field }) => (field === null ? [] : [`${id} ${field}`])).sort();
        expect(stayed(there)).toEqual(stayed(back));
        const other = JSON.stringify(a.attributes) !== JSON.stringify(b.attributes);
        expect(there.changes.length > 0).toBe(other);
      }),
      { numRuns: 300 },
    );
  });
});
