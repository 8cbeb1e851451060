import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ImageEvidence, TagSet } from '../../../src/domain/tagging/types.ts';
import { attributes, axis, image } from '../tagging/small-world.ts';
import { at, refusals, review, tagged } from './review-world.ts';

const tee = [image(0, { [axis.tee]: 1, [axis.short]: 1, [axis.striped]: 1 })];
const before = tagged(null, tee);

describe('one verb at a time', () => {
  test('set: a person’s value, with who and when', () => {
    const after = review(before, { set: { pattern: ['solid'] }, by: 'Ada' });
    expect(after.attributes.pattern).toEqual({
      status: 'accepted',
      source: 'human',
      values: [{ id: 'solid', name: 'SOLID', confidence: null }],
      threshold: null,
      candidates: [],
      rejected: [],
      reviewed: { by: 'Ada', at },
    });
    expect(after.attributes.sleeve).toEqual(before.attributes.sleeve);
  });

  test('accept keeps what was measured of a colour', () => {
    const { color } = review(before, { accept: ['color'] }).attributes;
    expect(color?.values).toEqual([{ ...before.attributes.color!.values[0], confidence: null }]);
  });

  test('reject bars until reset', () => {
    const after = review(before, { reject: ['pattern/striped'] });
    expect(after.attributes.pattern).toMatchObject({
      status: 'abstained',
      values: [],
      rejected: ['striped'],
    });
    expect(refusals(() => review(after, { set: { pattern: ['striped'] } }))).toEqual(['/set/pattern/0']);
    expect(review(after, { reset: ['pattern'] }, tee)).toEqual(before);
  });

  test('reset without what is known of the pictures: a person’s word goes, a model’s stays', () => {
    const said = review(before, { set: { pattern: ['solid'] } });
    expect(review(said, { reset: ['pattern'] }).attributes.pattern).toBeUndefined();
    expect(review(before, { reset: ['pattern', 'category'] })).toEqual(before);
  });

  test('a changed mind in one call: forgotten first, then said', () => {
    const barred = review(before, { reject: ['pattern/striped'] });
    const after = review(barred, { reset: ['pattern'], set: { pattern: ['striped'] } }, tee);
    expect(after.attributes.pattern).toMatchObject({
      source: 'human',
      values: [{ id: 'striped' }],
      rejected: [],
    });
    const again = review(barred, { reset: ['pattern'], reject: ['pattern/solid'] }, tee);
    expect(again.attributes.pattern).toMatchObject({ source: 'model', values: [{ id: 'striped' }] });
  });

  test('a suggestion is accepted by name; what is accepted needs none', () => {
    const seen = tagged(null, [image(0, { [axis.tee]: 1, [axis.women]: 1 })]);
    expect(seen.attributes.gender).toMatchObject({ status: 'suggested', values: [{ id: 'women' }] });
    expect(refusals(() => review(seen, { accept: ['gender'] }))).toEqual(['/accept/0']);
    expect(review(seen, { accept: ['gender/women'] }).attributes.gender).toMatchObject({
      status: 'accepted',
      source: 'human',
      values: [{ id: 'women', confidence: null }],
    });
    expect(refusals(() => review(seen, { accept: ['sleeve'] }))).toEqual(['/accept/0']);
    expect(refusals(() => review(seen, { accept: ['sleeve-style'] }))).toEqual(['/accept/0']);
    const [candidate] = seen.attributes.sleeve!.candidates;
    const { sleeve } = review(seen, { accept: [`sleeve/${candidate!.id}`] }).attributes;
    expect(sleeve).toMatchObject({ status: 'accepted', values: [{ id: candidate!.id }], candidates: [] });
    expect(refusals(() => review(before, { accept: ['pattern/solid', 'sleeve/puff'] }))).toEqual([
      '/accept/1',
    ]);
  });

  test('at most so many values, by set and by accept; the same twice is once', () => {
    const many = ['bow', 'fringe', 'studs'];
    expect(refusals(() => review(before, { set: { details: many } }))).toEqual(['/set/details/0']);
    expect(refusals(() => review(before, { set: { pattern: ['solid', 'striped'] } }))).toEqual([
      '/set/pattern/0',
    ]);
    expect(refusals(() => review(before, { accept: ['pattern/solid', 'pattern/striped'] }))).toEqual([
      '/accept/0',
    ]);
    const { details } = review(before, { set: { details: ['bow', 'bow', 'studs'] } }).attributes;
    expect(details?.values.map(({ id }) => id)).toEqual(['bow', 'studs']);
  });

  test('another category: what does not apply disappears, unless a person said it', () => {
    const said = review(before, { set: { sleeve: ['long'] } });
    expect(Object.keys(review(before, { category: 'hats' }).attributes).sort()).toEqual([
      'color',
      'gender',
      'pattern',
    ]);
    expect(review(said, { category: 'hats' }).attributes.sleeve).toEqual(said.attributes.sleeve);
    expect(review(review(before, { category: 'shoes' }, tee), { reset: ['category'] }, tee)).toEqual(before);
  });

  test.each<[Parameters<typeof review>[1], string[]]>([
    [{}, ['']],
    [{ set: { 'image-view': ['front'] } }, ['/set/image-view']],
    [
      { set: { 'a/b': ['x'], pattern: ['plaid'] }, clear: ['shape'], category: 'spaceship' },
      ['/set/pattern/0', '/clear/0', '/set/a~1b', '/category'],
    ],
    [{ set: { pattern: ['solid'] }, clear: ['pattern'] }, ['/clear/0']],
    [{ accept: ['pattern/solid'], variant: 'red' }, ['/variant']],
    [{ reject: ['color'] }, ['/reject/0']],
    [{ set: { color: [], nothing: ['a', 'b'] } }, ['/set/color', '/set/nothing']],
    [{ set: { fabric: ['x'], material: ['x'] } }, ['/set/fabric', '/set/fabric', '/set/material']],
    [{ accept: ['color', 'color/red'] }, ['/accept/1']],
    [{ accept: ['color/red'], reject: ['color/red'] }, ['/reject/0']],
    [{ clear: ['color/red'], reset: ['color/red'] }, ['/reset/0', '/clear/0']],
    [{ category: 'tee', reset: ['category'] }, ['/reset/0']],
    [{ clear: ['category'], set: { category: ['tee'] } }, ['/set/category/0', '/clear/0']],
    [{ accept: ['category/shoes'] }, ['/accept/0']],
  ])('refuses %j', (words, pointers) => {
    expect(refusals(() => review(before, words))).toEqual(pointers);
  });

  test('a variant’s own decision', () => {
    const pictures = ['red', 'blue'].map((variant, index) =>
      image(index, { [axis.tee]: 1, [axis.striped]: 1 }, { variant }),
    );
    const both = tagged(null, pictures);
    const after = review(both, { set: { pattern: ['solid'] }, variant: 'red' });
    expect(after.variants.map((one) => one.attributes.pattern?.source)).toEqual(['human', 'model']);
    expect(review(after, { reset: ['pattern'], variant: 'red' }, pictures)).toEqual(both);
    expect(refusals(() => review(both, { set: { pattern: ['solid'] } }))).toEqual(['/set/pattern/0']);
  });
});

describe('whatever the pictures show', () => {
  const weights = fc.dictionary(
    fc.constantFrom(...Object.values(axis)).map(String),
    fc.double({ min: 0.1, max: 1, noNaN: true }),
    { minKeys: 1, maxKeys: 6 },
  );
  const pictures: fc.Arbitrary<readonly ImageEvidence[]> = fc
    .array(weights, { minLength: 1, maxLength: 3 })
    .map((list) => list.map((axes, index) => image(index, axes)));
  const value = fc.constantFrom(
    ...attributes
      .filter(({ scope }) => scope !== 'image')
      .flatMap(({ id, values }) => values.map((one) => [id, one.id] as const)),
  );
  const runs = fc.array(pictures, { minLength: 1, maxLength: 3 });
  const category = fc.constantFrom('tee', 'shirt', 'shoes', 'hats', 'tops');
  const retagged = (start: TagSet, series: readonly (readonly ImageEvidence[])[]) =>
    series.reduce((tagSet, seen) => tagged(tagSet, seen), start);

  test('what a person set survives every run and every other category', () => {
    fc.assert(
      fc.property(pictures, value, runs, category, (seen, [id, valueId], series, other) => {
        const said = review(tagged(null, seen), { set: { [id]: [valueId] } });
        const later = retagged(said, series);
        expect(later.attributes[id]).toEqual(said.attributes[id]);
        expect(review(later, { category: other }, seen).attributes[id]).toEqual(said.attributes[id]);
      }),
    );
  });

  test('reset after set, clear or reject is the model’s own answer', () => {
    fc.assert(
      fc.property(pictures, value, fc.nat(2), (seen, [id, valueId], verb) => {
        const words = [{ set: { [id]: [valueId] } }, { clear: [id] }, { reject: [`${id}/${valueId}`] }][
          verb
        ]!;
        const first = tagged(null, seen);
        const said = review(first, words);
        expect(said.attributes[id]?.reviewed).toEqual({ by: null, at });
        expect(review(said, { reset: [id] }, seen)).toEqual(first);
      }),
    );
  });

  test('a rejected value never comes back before a reset', () => {
    fc.assert(
      fc.property(pictures, value, runs, category, (seen, [id, valueId], series, other) => {
        const rejected = review(tagged(null, seen), { reject: [`${id}/${valueId}`] });
        const later = retagged(rejected, series);
        for (const tagSet of [rejected, later, review(later, { category: other }, seen)]) {
          const { values, candidates } = tagSet.attributes[id]!;
          expect([...values, ...candidates].map((one) => one.id)).not.toContain(valueId);
        }
      }),
    );
  });
});
