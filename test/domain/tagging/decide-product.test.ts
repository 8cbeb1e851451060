import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Calibration } from '../../../src/domain/tagging/calibration.ts';
import { decideProduct, type Meaning } from '../../../src/domain/tagging/decide-product.ts';
import { axis, bank, dim, image, taxonomy } from './small-world.ts';

const meaning: Meaning = { taxonomy, bank, calibration: null };
const ask = (images: ReturnType<typeof image>[], more: object = {}, under: Meaning = meaning) =>
  decideProduct(under, { images, category: null, attributes: null, explain: false, ...more });
const ids = (decision: { values: readonly { id: string | null }[] } | undefined) =>
  decision?.values.map((v) => v.id);

const stated = ask([image(0, { [axis.tee]: 1 })]).category;

describe('category first', () => {
  test('a sure leaf is accepted, and only the attributes of its profile are decided', () => {
    const answer = ask([image(0, { [axis.tee]: 1, [axis.short]: 1, [axis.solid]: 1 })]);
    expect(answer.category).toMatchObject({
      status: 'accepted',
      values: [{ id: 'tee', path: ['clothing', 'tops', 'tee'] }],
    });
    expect(ids(answer.attributes.sleeve)).toEqual(['short']);
    expect(Object.keys(answer.attributes)).toContain('details');
    const shoe = ask([image(0, { [axis.shoes]: 1, [axis.short]: 1 })]);
    expect(ids(shoe.category)).toEqual(['shoes']);
    expect(shoe.attributes).not.toHaveProperty('sleeve');
  });

  test('two likely leaves of one parent climb to the parent, which has what its leaves share', () => {
    const answer = ask([image(0, { [axis.tee]: 1, [axis.shirt]: 1 })]);
    expect(answer.category).toMatchObject({ status: 'accepted', values: [{ id: 'tops' }] });
    expect(answer.attributes).toHaveProperty('sleeve');
  });

  test('leaves of different roots abstain with candidates, and only universal attributes are decided', () => {
    const answer = ask([image(0, { [axis.tee]: 1, [axis.shoes]: 1 })]);
    expect(answer.category).toMatchObject({ status: 'abstained', values: [] });
    expect(
      answer.category.candidates
        .map((c) => c.id)
        .slice(0, 2)
        .sort(),
    ).toEqual(['shoes', 'tee']);
    expect(Object.keys(answer.attributes).sort()).toEqual(['color', 'gender', 'pattern']);
  });

  test('a picture of nothing is not visible, whatever is likeliest among the rest', () => {
    const answer = ask([image(0, { [axis.nothing]: 1 })]);
    expect(answer.category).toMatchObject({ status: 'abstained', reason: 'not-visible' });
    for (const decision of Object.values(answer.attributes)) {
      expect(decision).toMatchObject({ status: 'abstained', reason: 'not-visible', values: [] });
    }
  });

  test('a stated category skips stage one', () => {
    const stated = { ...ask([image(0, { [axis.tee]: 1 })]).category, source: 'merchant' as const };
    const answer = ask([image(0, { [axis.shoes]: 1, [axis.long]: 1 })], { category: stated });
    expect(answer.category).toBe(stated);
    expect(ids(answer.attributes.sleeve)).toEqual(['long']);
  });
});

describe('attributes', () => {
  const tee = { [axis.tee]: 1 };

  test('what the model has no vectors for is named once, not answered', () => {
    const answer = ask([image(0, tee)]);
    expect(answer.notSupported).toEqual(['fabric-weight']);
    expect(answer.attributes).not.toHaveProperty('fabric-weight');
  });

  test('an unsure picture abstains below the threshold; two sure rivals are ambiguous', () => {
    expect(ask([image(0, tee)]).attributes.sleeve).toMatchObject({ status: 'abstained', values: [] });
    const calibration = fitted('sleeve', { accept: 0.4, margin: 0.2 });
    const answer = ask(
      [image(0, { ...tee, [axis.short]: 1, [axis.long]: 0.98 })],
      {},
      { ...meaning, calibration },
    );
    expect(answer.attributes.sleeve).toMatchObject({ status: 'abstained', reason: 'ambiguous' });
  });

  test('the null class wins: not visible', () => {
    const answer = ask([image(0, { ...tee, [axis.hidden]: 1 })]);
    expect(answer.attributes.sleeve).toMatchObject({ status: 'abstained', reason: 'not-visible' });
  });

  test('binary contrasts are independent: several details at once, none where there are none', () => {
    const two = ask([image(0, { ...tee, [axis.bow]: 1, [axis.studs]: 1 })]).attributes.details;
    expect(ids(two)?.sort()).toEqual(['bow', 'studs']);
    const plain = ask([image(0, { ...tee, [axis.plain]: 1 })]).attributes.details;
    expect(plain).toMatchObject({ status: 'abstained', values: [] });
  });

  test('several pictures: two that support a detail, or one that is much surer; never more by demanding more', () => {
    const bow = (index: number, weight: number) =>
      image(index, { ...tee, [axis.bow]: weight, [axis.plain]: 1 });
    const under = (accept: number) => ({ ...meaning, calibration: fitted('details', { accept, margin: 0 }) });
    const sure = ids(ask([bow(0, 1.2), bow(1, 1.2)], {}, under(0.9)).attributes.details);
    expect(sure).toEqual(['bow']);
    // One picture for it and one against: its confidence is the exact point up to which it is taken.
    const torn = [bow(0, 1.2), image(1, { ...tee, [axis.plain]: 1 })];
    const { confidence } = ask(torn, { explain: true }).attributes.details!.explain!.scores[0]!;
    expect(ids(ask(torn, {}, under(confidence - 0.001)).attributes.details)).toEqual(['bow']);
    expect(ids(ask(torn, {}, under(confidence + 0.001)).attributes.details)).toEqual([]);
    // A cap of two and three alike: what falls out for want of support must not let another in.
    const blank = image(1, {});
    const nearly = image(0, { [axis.sleeveless + 1]: 1, [axis.bow]: -0.027 });
    const low = ids(ask([nearly, blank], { category: stated }, under(0.216)).attributes.details);
    for (const id of ids(ask([nearly, blank], { category: stated }, under(0.306)).attributes.details) ?? []) {
      expect(low).toContain(id);
    }
  });

  test('suggest-only is never accepted', () => {
    const answer = ask([image(0, { ...tee, [axis.women]: 1 })]);
    expect(answer.attributes.gender).toMatchObject({ status: 'suggested', values: [{ id: 'women' }] });
  });

  test('requires: no sleeve style on what has no sleeves, and the order of attributes does not matter', () => {
    const bare = ask([image(0, { ...tee, [axis.sleeveless]: 1, [axis.puff]: 1 })]);
    expect(ids(bare.attributes.sleeve)).toEqual(['none']);
    expect(bare.attributes).not.toHaveProperty('sleeve-style');
    const flipped = { ...taxonomy, attributes: [...taxonomy.attributes].reverse() };
    const again = ask(
      [image(0, { ...tee, [axis.sleeveless]: 1, [axis.puff]: 1 })],
      {},
      { ...meaning, taxonomy: flipped },
    );
    expect(again.attributes).not.toHaveProperty('sleeve-style');
  });

  test('views gate: a side picture says nothing of sleeves; the front one does, and is the evidence', () => {
    const side = image(0, { ...tee, [axis.short]: 1 }, { view: 'side' });
    expect(ask([side]).attributes.sleeve).toMatchObject({
      status: 'abstained',
      reason: 'not-visible',
      evidence: [],
    });
    const both = ask([side, image(1, { ...tee, [axis.long]: 1 }, { view: 'front' })]);
    expect(both.attributes.sleeve).toMatchObject({ values: [{ id: 'long' }], evidence: [1] });
  });

  test('two sure pictures that contradict each other are ambiguous, however little is demanded', () => {
    const pictures = [image(0, { ...tee, [axis.short]: 1.2 }), image(1, { ...tee, [axis.long]: 1.19 })];
    const calibration = fitted('sleeve', { accept: 0.3, margin: 0 });
    const answer = ask(pictures, {}, { ...meaning, calibration });
    expect(answer.attributes.sleeve).toMatchObject({ status: 'abstained', reason: 'ambiguous' });
  });

  test('only the attributes asked for', () => {
    expect(Object.keys(ask([image(0, tee)], { attributes: ['pattern'] }).attributes)).toEqual(['pattern']);
  });

  test('explain gives prompts, scores and thresholds, and candidates even where accepted', () => {
    const answer = ask([image(0, { ...tee, [axis.short]: 1 })], { explain: true });
    expect(answer.attributes.sleeve?.explain).toMatchObject({ mode: 'softmax', accept: 0.6, guard: null });
    expect(answer.attributes.sleeve?.explain?.scores[0]).toMatchObject({ id: 'short', prompts: ['a short'] });
    expect(answer.attributes.sleeve?.candidates.length).toBeGreaterThan(0);
    expect(answer.category.explain?.mode).toBe('category');
  });
});

describe('variants', () => {
  test('variant attributes are decided per variant from its own pictures, the others together', () => {
    const blue = [{ lab: [14, 4, -20] as const, hex: '#14213d', share: 1 }];
    const answer = ask([
      image(0, { [axis.tee]: 1, [axis.short]: 1 }, { variant: 'a' }),
      image(1, { [axis.tee]: 1, [axis.short]: 1 }, { variant: 'b', colors: blue }),
    ]);
    expect(answer.variants.map((v) => [v.key, v.images, ids(v.attributes.color)])).toEqual([
      ['a', [0], ['red']],
      ['b', [1], ['navy']],
    ]);
    expect(answer.attributes).not.toHaveProperty('color');
    expect(ids(answer.attributes.sleeve)).toEqual(['short']);
  });
});

describe('invariants', () => {
  const anyImage = fc
    .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: dim, maxLength: dim })
    .map((axes) => image(0, Object.fromEntries(axes.map((x, i) => [i, x]))));
  const anyImages = fc
    .array(anyImage, { minLength: 1, maxLength: 4 })
    .map((list) => list.map((one, index) => ({ ...one, index })));
  const essence = (answer: ReturnType<typeof ask>) =>
    JSON.stringify([answer.category, answer.attributes], (key, x) => (key === 'evidence' ? undefined : x));

  test('the same question twice is the same answer, to the byte', () => {
    fc.assert(
      fc.property(anyImages, (images) => {
        const [once, again] = [ask(images), ask(structuredClone(images))].map((answer) =>
          JSON.stringify(answer),
        );
        expect(again).toBe(once);
      }),
    );
  });

  test('permuting the images changes nothing', () => {
    fc.assert(
      fc.property(anyImages, (images) => {
        const turned = [...images].reverse().map((one, index) => ({ ...one, index }));
        expect(essence(ask(turned))).toBe(essence(ask(images)));
      }),
    );
  });

  test('an image twice changes nothing for single attributes', () => {
    fc.assert(
      fc.property(anyImage, (one) => {
        const single = (answer: ReturnType<typeof ask>) => [
          ids(answer.category),
          ids(answer.attributes.pattern),
          ids(answer.attributes.sleeve),
        ];
        expect(single(ask([one, { ...one, index: 1 }]))).toEqual(single(ask([one])));
      }),
    );
  });

  test('confidences of a softmax attribute and its null class sum to 1', () => {
    fc.assert(
      fc.property(anyImages, (images) => {
        for (const decision of Object.values(ask(images, { explain: true }).attributes)) {
          if (decision.explain?.mode !== 'softmax' || decision.explain.scores.length === 0) continue;
          const sum = decision.explain.scores.reduce(
            (total, score) => total + score.confidence,
            decision.explain.none,
          );
          expect(sum).toBeCloseTo(1, 2);
        }
      }),
    );
  });

  test('raising accept never adds a tag', () => {
    fc.assert(
      fc.property(anyImages, fc.double({ min: 0.1, max: 0.9, noNaN: true }), (images, low) => {
        for (const id of ['sleeve', 'pattern', 'details']) {
          const at = (accept: number) =>
            ask(
              images,
              { category: stated },
              { ...meaning, calibration: fitted(id, { accept, margin: 0.05 }) },
            ).attributes[id];
          const before = ids(at(low)) ?? [];
          for (const found of ids(at(low + 0.09)) ?? []) expect(before).toContain(found);
        }
      }),
    );
  });

  test('a vector of another dimension is refused', () => {
    expect(() => ask([{ ...image(0, {}), vector: new Float32Array(8) }])).toThrow(RangeError);
  });
});

function fitted(id: string, { accept, margin }: { accept: number; margin: number }): Calibration {
  const one = { temperature: 1, accept, margin, status: 'accept' as const, precision: 0.9, coverage: 0.5 };
  return { id: 'c', model: 'small', taxonomy: 'small@1.0.0', category: null, attributes: { [id]: one } };
}
