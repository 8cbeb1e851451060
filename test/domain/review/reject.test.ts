/** `reject` says what is not, and nothing else: the rest is left to whom it belongs. */
import { describe, expect, test } from 'vitest';
import type { Decision, TagSet } from '../../../src/domain/tagging/types.ts';
import { axis, image } from '../tagging/small-world.ts';
import { at, refusals, review, tagged } from './review-world.ts';

const ids = (decision: Decision | undefined) => decision?.values.map(({ id }) => id);
const names = (decision: Decision | undefined) => decision?.candidates.map(({ id }) => id);
const tee = [image(0, { [axis.tee]: 1, [axis.short]: 1, [axis.striped]: 1 })];
const before = tagged(null, tee);
const said = (tagSet: TagSet, id: string, decision: Partial<Decision>): TagSet => ({
  ...tagSet,
  attributes: { ...tagSet.attributes, [id]: { ...tagSet.attributes[id]!, ...decision } },
});

describe('of what a model says', () => {
  test('the only value: the person’s no stands, with what else it could be, at once', () => {
    const doubtful = tagged(null, [image(0, { [axis.tee]: 1, [axis.striped]: 1, [axis.solid]: 0.9 })]);
    expect(ids(doubtful.attributes.pattern)).toEqual(['striped']);
    const after = review(doubtful, { reject: ['pattern/striped'], by: 'Ada' }, [
      image(0, { [axis.tee]: 1, [axis.striped]: 1, [axis.solid]: 0.9 }),
    ]);
    expect(after.attributes.pattern).toMatchObject({
      status: 'abstained',
      source: 'human',
      values: [],
      rejected: ['striped'],
      reviewed: { by: 'Ada', at },
    });
    expect(names(after.attributes.pattern)).toEqual(['solid']);
  });

  test('nothing becomes surer because something else was ruled out', () => {
    // 0.8 of all that it could be is striped: what is left is not accepted in its place.
    const pictures = [image(0, { [axis.tee]: 1, [axis.striped]: 1, [axis.solid]: 0.92 })];
    const first = tagged(null, pictures);
    const { confidence } = first.attributes.pattern!.values[0]!;
    const { pattern } = review(first, { reject: ['pattern/striped'] }, pictures).attributes;
    expect(pattern?.candidates[0]?.confidence).toBeCloseTo(1 - confidence!, 3);
  });

  test('one of two: the other stays the model’s, as sure as it was, and is reviewed', () => {
    const pictures = [image(0, { [axis.tee]: 1, [axis.bow]: 1, [axis.fringe]: 1 })];
    const first = tagged(null, pictures);
    expect(ids(first.attributes.details)?.sort()).toEqual(['bow', 'fringe']);
    const { details } = review(first, { reject: ['details/fringe'] }).attributes;
    expect(details).toEqual({
      ...first.attributes.details!,
      values: first.attributes.details!.values.filter(({ id }) => id === 'bow'),
      rejected: ['fringe'],
      reviewed: { by: null, at },
    });
  });

  test('the model is free to answer with another value when it sees one; with that one never', () => {
    const barred = review(before, { reject: ['pattern/striped'] }, tee);
    const other = tagged(barred, [image(0, { [axis.tee]: 1, [axis.solid]: 1 })]);
    expect(other.attributes.pattern).toMatchObject({
      status: 'accepted',
      source: 'model',
      values: [{ id: 'solid' }],
      rejected: ['striped'],
      // Nobody has looked at that yet.
      reviewed: null,
    });
    expect(ids(tagged(other, tee).attributes.pattern)).toEqual([]);
    expect(tagged(barred, tee)).toEqual(barred);
  });

  test('a colour and its family: what was barred speaks for neither', () => {
    const blue = { lab: [40, 0, -40] as const, hex: '#1f5fbf', share: 1 };
    const pictures = [image(0, { [axis.tee]: 1 }, { colors: [blue] })];
    const first = tagged(null, pictures);
    const [value] = ids(first.attributes.color)!;
    expect(['blue', 'navy']).toContain(value);
    const { color } = review(first, { reject: [`color/${value}`] }, pictures).attributes;
    expect([...ids(color)!, ...names(color)!]).not.toContain(value);
    expect(color).toMatchObject({ status: 'abstained', source: 'human' });
    expect(names(color)?.length).toBeGreaterThan(0);
  });

  test('where the pictures are not known any more, what was shown besides is all that is left', () => {
    const { pattern } = review(before, { reject: ['pattern/striped'] }).attributes;
    expect(pattern).toMatchObject({ status: 'abstained', values: [], candidates: [] });
    const unsure = tagged(null, [image(0, { [axis.tee]: 1 })]);
    const [first, ...others] = names(unsure.attributes.sleeve)!;
    const { sleeve } = review(unsure, { reject: [`sleeve/${first}`] }).attributes;
    expect(names(sleeve)).toEqual(others);
  });

  test('of an attribute without a decision: it is kept for when there is one', () => {
    const hat = tagged(null, [image(0, { [axis.hats]: 1 })]);
    const barred = review(hat, { reject: ['sleeve/short', 'fabric-weight/heavy'] });
    expect(barred.attributes.sleeve).toMatchObject({ values: [], rejected: ['short'] });
    expect(barred.provenance.notSupported).not.toContain('fabric-weight');
    expect(ids(tagged(barred, tee).attributes.sleeve)).toEqual([]);
  });
});

test('what a value gates comes when it is rejected, and goes when the rejection is taken back', () => {
  const pictures = [image(0, { [axis.tee]: 1, [axis.sleeveless]: 1, [axis.puff]: 1 })];
  const first = tagged(null, pictures);
  expect(first.attributes).not.toHaveProperty('sleeve-style');
  const sleeved = review(first, { reject: ['sleeve/none'] }, pictures);
  expect(ids(sleeved.attributes['sleeve-style'])).toEqual(['puff']);
  expect(sleeved).toEqual(tagged(sleeved, pictures));
  expect(review(sleeved, { reset: ['sleeve'] }, pictures)).toEqual(first);
  const said = review(sleeved, { accept: ['sleeve-style'] });
  expect(review(said, { reset: ['sleeve'] }, pictures).attributes['sleeve-style']?.source).toBe('human');
});

describe('of what people or merchants say', () => {
  const both = review(before, { set: { color: ['red', 'white'] } });

  test('the rest stays said', () => {
    expect(review(both, { reject: ['color/white'], by: 'Ada' }).attributes.color).toMatchObject({
      status: 'accepted',
      source: 'human',
      values: [{ id: 'red' }],
      rejected: ['white'],
      reviewed: { by: 'Ada' },
    });
    const merchant = said(before, 'color', { ...both.attributes.color!, source: 'merchant' });
    expect(review(merchant, { reject: ['color/white'] }).attributes.color).toMatchObject({
      source: 'human',
      values: [{ id: 'red' }],
    });
  });

  test('nothing is left: the model may answer', () => {
    const wrong = review(before, { set: { pattern: ['solid'] } });
    expect(review(wrong, { reject: ['pattern/solid'] }, tee).attributes.pattern).toMatchObject({
      status: 'accepted',
      source: 'model',
      values: [{ id: 'striped' }],
      rejected: ['solid'],
    });
  });

  test('a value that is none of them: nothing else changes', () => {
    const { color } = review(both, { reject: ['color/navy'] }).attributes;
    expect(color).toEqual({ ...both.attributes.color, rejected: ['navy'] });
    const cleared = review(before, { clear: ['pattern'] });
    expect(review(cleared, { reject: ['pattern/solid'] }).attributes.pattern).toEqual({
      ...cleared.attributes.pattern,
      rejected: ['solid'],
    });
  });

  test('a label of the merchant’s own cannot be barred, and stays', () => {
    const walnut = { id: null, name: 'Toasted Walnut', confidence: null };
    const merchant = said(before, 'color', { source: 'merchant', values: [walnut] });
    expect(review(merchant, { reject: ['color/red'] }).attributes.color?.values).toEqual([walnut]);
    expect(review(merchant, { accept: ['color'] }).attributes.color).toMatchObject({
      source: 'human',
      values: [walnut],
    });
  });

  test('set and reject in one call, of different values', () => {
    const { pattern } = review(before, {
      set: { pattern: ['solid'] },
      reject: ['pattern/striped'],
    }).attributes;
    expect(pattern).toMatchObject({ source: 'human', values: [{ id: 'solid' }], rejected: ['striped'] });
    const { color } = review(both, { accept: ['color'], reject: ['color/white'] }).attributes;
    expect(color).toMatchObject({ values: [{ id: 'red' }], rejected: ['white'] });
  });
});

describe('through other categories and variants', () => {
  const barred = review(before, { reject: ['sleeve/short'] }, tee);

  test('the bar outlives a category to which the attribute does not apply', () => {
    for (const seen of [null, tee]) {
      const hat = review(barred, { category: 'hats' }, seen);
      expect(hat.attributes.sleeve).toMatchObject({ values: [], source: 'human', rejected: ['short'] });
      const back = review(hat, { reset: ['category'] }, tee);
      expect(back.attributes.sleeve).toMatchObject({ values: [], rejected: ['short'] });
      expect(review(back, { reset: ['sleeve'] }, tee)).toEqual(before);
    }
  });

  test('a model’s answer besides a bar goes where it does not apply; the bar stays', () => {
    const long = tagged(barred, [image(0, { [axis.tee]: 1, [axis.long]: 1 })]);
    expect(ids(long.attributes.sleeve)).toEqual(['long']);
    const hat = tagged(long, [image(0, { [axis.hats]: 1 })]);
    expect(hat.attributes.sleeve).toMatchObject({ values: [], candidates: [], rejected: ['short'] });
  });

  const split = (first: object = {}) =>
    ['red', 'blue'].map((variant, index) =>
      image(index, { [axis.tee]: 1, [axis.striped]: 1, ...first }, { variant }),
    );

  test('what was barred before the product was split is given to no variant', () => {
    const both = tagged(review(before, { reject: ['pattern/striped'] }, tee), split());
    for (const { attributes } of both.variants) expect(ids(attributes.pattern)).toEqual([]);
    expect(both.attributes.pattern).toMatchObject({ rejected: ['striped'] });
    expect(refusals(() => review(both, { reject: ['pattern/solid'] }))).toEqual(['/reject/0']);
    const freed = review(both, { reset: ['pattern'] }, split());
    expect(freed).toEqual(tagged(null, split()));
    const own = review(both, { reject: ['pattern/solid'], variant: 'red' }, split());
    const names = ({ variants }: TagSet) => variants.map(({ attributes }) => ids(attributes.pattern));
    expect(names(own)).toEqual([[], []]);
    const half = review(own, { reset: ['pattern'] }, split());
    expect(names(half)).toEqual([['striped'], ['striped']]);
    expect(half.variants[0]?.attributes.pattern).toMatchObject({ source: 'model', rejected: ['solid'] });
    for (const { attributes } of freed.variants) expect(ids(attributes.pattern)).toEqual(['striped']);
  });

  test('a variant’s bar is its own, and waits for its pictures', () => {
    const both = tagged(null, split());
    const one = review(both, { reject: ['pattern/striped'], variant: 'red' }, split());
    const patterns = ({ variants }: TagSet) => variants.map(({ attributes }) => ids(attributes.pattern));
    expect(patterns(one)).toEqual([[], ['striped']]);
    const alone = tagged(one, tee);
    expect(ids(alone.attributes.pattern)).toEqual(['striped']);
    expect(alone.variants).toMatchObject([{ key: 'red', images: [] }]);
    expect(patterns(tagged(alone, split()))).toEqual([[], ['striped']]);
    // The product is not split by what is only remembered.
    expect(
      review(alone, { set: { 'fabric-weight': ['light'], color: ['red'] } }).attributes.color?.source,
    ).toBe('human');
    expect(review(alone, { reset: ['pattern'], variant: 'red' }, tee).variants).toEqual([]);
  });
});
