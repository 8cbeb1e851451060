import { describe, expect, test } from 'vitest';
import { underBars } from '../../../src/domain/tagging/bars.ts';
import { changed, type Fresh, merge } from '../../../src/domain/tagging/merge.ts';
import type { Decision, TagSet } from '../../../src/domain/tagging/types.ts';

const decision = (id: string, more: Partial<Decision> = {}): Decision => ({
  status: 'accepted',
  source: 'model',
  values: [{ id, name: id, confidence: 0.9 }],
  threshold: 0.5,
  candidates: [],
  rejected: [],
  reviewed: null,
  ...more,
});
const category = { ...decision('tee'), values: [{ id: 'tee', name: 'Tee', path: ['tee'], confidence: 0.9 }] };
const provenance = {
  backend: 'bundled',
  model: 'm@1',
  taxonomy: 't@1',
  taxonomyHash: 'h',
  calibration: null,
  taggedAt: 'now',
};
const fresh = (attributes: Record<string, Decision>, more: Partial<Fresh> = {}): Fresh => ({
  productId: 'p',
  title: null,
  answer: { category, attributes, variants: [], notSupported: ['fit'] },
  attributes: null,
  images: [],
  provenance,
  warnings: [],
  ...more,
});
const first = (attributes: Record<string, Decision>): TagSet => ({
  ...merge(null, fresh(attributes)),
  revision: 1,
});

describe('merging', () => {
  test('a full run replaces what the model said, drops what no longer applies, keeps what people said', () => {
    const human = decision('v-neck', { source: 'human' });
    const merchant = decision('red', { source: 'merchant' });
    const before = first({
      neckline: human,
      color: merchant,
      pattern: decision('solid'),
      hem: decision('raw'),
    });
    const after = merge(
      before,
      fresh({ neckline: decision('crew'), color: decision('blue'), pattern: decision('striped') }),
    );
    expect(after.attributes).toEqual({ neckline: human, color: merchant, pattern: decision('striped') });
  });

  test('a partial run leaves the others, which say under what they were decided if that was something else', () => {
    const before = first({ color: decision('red'), pattern: decision('solid') });
    const same = merge(before, fresh({ color: decision('blue') }, { attributes: ['color'] }));
    expect(same.attributes.pattern).toEqual(decision('solid'));
    const other = merge(
      before,
      fresh(
        { color: decision('blue') },
        { attributes: ['color'], provenance: { ...provenance, model: 'm@2' } },
      ),
    );
    expect(other.attributes.pattern?.provenance).toEqual(before.provenance);
    expect(other.attributes.color?.provenance).toBeUndefined();
  });

  test('an attribute that was asked for and has no answer any more is gone', () => {
    const before = first({ color: decision('red'), pattern: decision('solid') });
    expect(merge(before, fresh({}, { attributes: ['pattern'] })).attributes).toEqual({
      color: decision('red'),
    });
  });

  describe('where a person barred values', () => {
    const reviewed = { by: 'Ada', at: 'before' };
    const word = decision('x', {
      status: 'abstained',
      source: 'human',
      values: [],
      rejected: ['a'],
      reviewed,
    });
    const two = { ...decision('a'), values: [decision('a').values[0]!, decision('b').values[0]!] };

    test('others of the same attribute are given, and nobody has reviewed those yet', () => {
      const expected = decision('b', { rejected: ['a'] });
      expect(underBars(two, word)).toEqual(expected);
      expect(merge(first({ fit: word }), fresh({ fit: two })).attributes.fit).toEqual(expected);
      // Reviewed once more, and again the same answer.
      const seen = { ...expected, reviewed };
      expect(underBars(two, seen)).toEqual(seen);
    });

    test('nothing else to give: the person’s word alone, whose candidates are the model’s', () => {
      const candidates = [
        { id: 'a', name: 'a', confidence: 0.5 },
        { id: 'b', name: 'b', confidence: 0.2 },
      ];
      const expected = { status: 'abstained', source: 'human', values: [], rejected: ['a'], reviewed };
      expect(underBars(decision('a', { candidates }), word)).toMatchObject({
        ...expected,
        reason: 'ambiguous',
        candidates: [{ id: 'b' }],
      });
      const unsure = decision('', { status: 'abstained', reason: 'below-threshold', values: [], candidates });
      expect(underBars(unsure, word)).toMatchObject({ ...expected, reason: 'below-threshold' });
      expect(underBars(undefined, word)).toMatchObject(expected);
    });

    test('it is not forgotten where no answer comes: another category, a variant without pictures', () => {
      expect(merge(first({ fit: word }), fresh({})).attributes.fit).toMatchObject({ rejected: ['a'] });
      const barredByModel = decision('b', { rejected: ['a'], reviewed });
      const before = {
        ...first({}),
        variants: [{ key: 'v', images: [0], attributes: { fit: barredByModel } }],
      };
      expect(merge(before, fresh({})).variants).toMatchObject([
        { key: 'v', images: [], attributes: { fit: { values: [], source: 'human', rejected: ['a'] } } },
      ]);
    });

    test('a partial run that does not ask for it leaves it', () => {
      const barredByModel = decision('b', { rejected: ['a'], reviewed });
      const after = merge(
        first({ fit: barredByModel }),
        fresh({ color: decision('red') }, { attributes: ['color'] }),
      );
      expect(after.attributes.fit).toEqual(barredByModel);
    });
  });

  test('what people said of a variant survives although no picture shows it any more', () => {
    const human = decision('red', { source: 'human' });
    const variant = { key: 'a', images: [0], attributes: { color: human, pattern: decision('solid') } };
    const before = {
      ...first({}),
      variants: [variant, { ...variant, key: 'b', attributes: { color: decision('blue') } }],
    };
    expect(merge(before, fresh({})).variants).toEqual([
      { key: 'a', images: [], attributes: { color: human } },
    ]);
  });

  test('not supported is what is neither answered nor answered by a person', () => {
    const before = first({ fit: decision('slim', { source: 'human' }) });
    expect(merge(before, fresh({})).provenance.notSupported).toEqual([]);
    expect(merge(null, fresh({})).provenance.notSupported).toEqual(['fit']);
  });
});

describe('what makes a revision', () => {
  const before = first({ color: decision('red') });
  test.each<[string, TagSet, boolean]>([
    ['nothing', before, false],
    [
      'another confidence',
      first({ color: decision('red', { values: [{ id: 'red', name: 'red', confidence: 0.1 }] }) }),
      false,
    ],
    ['a later time', { ...before, provenance: { ...before.provenance, taggedAt: 'later' } }, false],
    ['another value', first({ color: decision('blue') }), true],
    ['another source', first({ color: decision('red', { source: 'human' }) }), true],
    ['another status', first({ color: decision('red', { status: 'suggested' }) }), true],
    ['one attribute more', first({ color: decision('red'), fit: decision('slim') }), true],
    [
      'another picture',
      { ...before, images: [{ index: 0, status: 'ok', sha256: 'x', view: null, variant: null, ref: null }] },
      true,
    ],
  ])('%s', (_, after, expected) => {
    expect(changed(before, after)).toBe(expected);
  });

  test('the first answer always does', () => {
    expect(changed(null, before)).toBe(true);
  });
});
