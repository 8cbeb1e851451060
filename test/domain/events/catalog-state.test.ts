import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CatalogEvent } from '../../../src/domain/events/catalog-event.ts';
import {
  type CatalogState,
  isDeleted,
  type Moment,
  nothingStated,
  restored,
  standing,
  withEvent,
} from '../../../src/domain/events/catalog-state.ts';
import { upsert } from './sample-events.ts';

const at = (minute: number, sequence = minute): Moment => ({
  at: `2026-11-24T10:${String(minute).padStart(2, '0')}:00.000Z`,
  sequence,
});
const deletion: CatalogEvent = { type: 'product.deleted', productId: 'p', at: null };
const word = (label: string) => [{ label, verbatim: false }];
const url = (name: string) => ({
  reference: { kind: 'url' as const, url: `https://shop.example/${name}.jpg` },
  view: null,
  variant: null,
  ref: null,
});
const folded = (...events: readonly (readonly [CatalogEvent, Moment])[]): CatalogState =>
  events.reduce((state, [event, moment]) => withEvent(state, event, moment), nothingStated);
const said = (state: CatalogState) =>
  Object.fromEntries(state.words.map(({ attribute, variant, value }) => [`${variant}/${attribute}`, value]));

const labels = fc.constantFrom(null, word('navy'), word('red'), []);
const words = fc.dictionary(fc.constantFrom('color', 'material', 'fabric', 'pattern'), labels, {
  maxKeys: 3,
});
const events: fc.Arbitrary<CatalogEvent> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record(
        {
          title: fc.constantFrom('a', 'b', null),
          category: fc.constantFrom('dress', 'shirt', null),
          images: fc.array(fc.constantFrom('front', 'back').map(url), { maxLength: 2 }),
          attributes: words,
          variants: fc.array(fc.record({ key: fc.constantFrom('s', 'm'), attributes: words }), {
            maxLength: 2,
          }),
        },
        { requiredKeys: [] },
      )
      .map(upsert),
  },
  { weight: 1, arbitrary: fc.constant(deletion) },
);
/** At times that may be the same; no two arrive at once. */
const history = fc
  .array(fc.tuple(events, fc.nat(6)), { minLength: 1, maxLength: 8 })
  .map((list) => list.map(([event, minute], index) => [event, at(minute, index + 1)] as const));

describe('what a shop says of a product', () => {
  test('is the same in whatever order its events are folded, and however often', () => {
    fc.assert(
      fc.property(
        history.chain((list) =>
          fc.tuple(
            fc.constant(list),
            fc.shuffledSubarray([...list, ...list], { minLength: list.length * 2 }),
          ),
        ),
        ([inOrder, mixed]) => {
          expect(JSON.parse(JSON.stringify(sorted(folded(...mixed))))).toEqual(
            JSON.parse(JSON.stringify(sorted(folded(...inOrder)))),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test('is each field’s latest statement, by the event’s own time and not by arrival', () => {
    const state = folded(
      [upsert({ title: 'new', attributes: { color: word('red') } }), at(5, 1)],
      [upsert({ title: 'old', attributes: { color: word('navy'), material: word('wool') } }), at(3, 2)],
    );
    expect(state.title?.value).toBe('new');
    expect(said(state)).toEqual({ 'null/color': word('red'), 'null/material': word('wool') });
  });

  test('at one time the later arrival counts', () => {
    const state = folded([upsert({ title: 'second' }), at(3, 2)], [upsert({ title: 'first' }), at(3, 1)]);
    expect(state.title?.value).toBe('second');
  });

  test('absent leaves, null takes back, an empty list removes', () => {
    const first = [
      upsert({ images: [url('front')], category: 'dress', attributes: { color: word('red') } }),
      at(1),
    ] as const;
    expect(folded(first, [upsert({ title: 'x' }), at(2)])).toMatchObject({
      images: { value: [url('front')] },
      category: { value: 'dress' },
    });
    const state = folded(first, [upsert({ images: [], category: null, attributes: { color: null } }), at(2)]);
    expect([state.images?.value, state.category?.value, said(state)]).toEqual([
      [],
      null,
      { 'null/color': null },
    ]);
  });

  test('fabric is material, and a variant has words of its own', () => {
    const state = folded([
      upsert({
        attributes: { fabric: word('wool') },
        variants: [{ key: 'm', attributes: { color: word('red') } }],
      }),
      at(1),
    ]);
    expect(said(state)).toEqual({ 'null/material': word('wool'), 'm/color': word('red') });
  });
});

describe('a deletion', () => {
  const made = [upsert({ title: 'a', attributes: { color: word('red') } }), at(1)] as const;

  test('holds until a later event, whichever arrives first', () => {
    expect(isDeleted(folded(made, [deletion, at(2)]))).toBe(true);
    expect(isDeleted(folded([deletion, at(2)], made))).toBe(true);
    expect(isDeleted(folded(made, [deletion, at(2)], [upsert({ title: 'b' }), at(3)]))).toBe(false);
    expect(isDeleted(folded(made))).toBe(false);
  });

  test('a product made anew knows nothing of what was said before it', () => {
    const anew = standing(folded(made, [deletion, at(2)], [upsert({ category: 'dress' }), at(3)]));
    expect([anew.title, anew.words, anew.category?.value]).toEqual([undefined, [], 'dress']);
  });

  test('taken back, everything counts again', () => {
    const back = restored(folded(made, [deletion, at(2)]), at(3));
    expect([isDeleted(back), standing(back).title?.value]).toEqual([false, 'a']);
  });
});

/** Keys in one order: only what is said counts. */
function sorted(state: CatalogState): CatalogState {
  return Object.fromEntries(Object.entries(state).sort(([a], [b]) => (a < b ? -1 : 1))) as never;
}
