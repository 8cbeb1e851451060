import { describe, expect, test } from 'vitest';
import { awaitsReview, hasFailures, uncertainty } from '../../../src/domain/review/standing.ts';
import type { CategoryDecision, Decision, TagSet } from '../../../src/domain/tagging/types.ts';
import { decided, tagSetOf } from '../../contracts/sample-tags.ts';

const suggested = (confidence: number): Decision => ({ ...decided('v', confidence), status: 'suggested' });
const unsure = (reason: Decision['reason'], ...confidences: number[]): Decision => ({
  ...decided('v'),
  status: 'abstained',
  reason: reason!,
  values: [],
  candidates: confidences.map((confidence, index) => ({ id: `${index}`, name: '', confidence })),
});
const reviewed = { by: null, at: '2026-11-23T09:00:00.000Z' };
const category = (decision: Decision) => ({ category: decision as CategoryDecision });
const silhouette = (decision: Decision) => ({ attributes: { silhouette: decision } });

test.each<[string, Partial<TagSet>, boolean]>([
  ['everything accepted', {}, false],
  ['suggested', silhouette(suggested(0.9)), true],
  ['below the threshold', silhouette(unsure('below-threshold')), true],
  ['ambiguous', silhouette(unsure('ambiguous')), true],
  ['not visible: no person sees it either', silhouette(unsure('not-visible')), false],
  ['suggested, and reviewed', silhouette({ ...suggested(0.9), reviewed }), false],
  ['unsure, and reviewed', silhouette({ ...unsure('ambiguous'), source: 'human', reviewed }), false],
  [
    'cleared',
    silhouette({ ...decided('v'), status: 'cleared', source: 'human', values: [], reviewed }),
    false,
  ],
  ['a variant', { variants: [{ key: 'a', images: [], ...silhouette(unsure('ambiguous')) }] }, true],
  ['the category suggested', category(suggested(0.9)), true],
  ['the category unsure', category(unsure('below-threshold', 0.4)), true],
  ['the category not visible', category(unsure('not-visible')), false],
  ['the category unsure, and reviewed', category({ ...unsure('ambiguous'), reviewed }), false],
])('pending: %s', (_, changes, expected) => {
  const tagSet = tagSetOf('p', changes);
  expect(awaitsReview(tagSet)).toBe(expected);
  expect(uncertainty(tagSet) > 0).toBe(expected);
});

describe('uncertainty', () => {
  test.each<[Partial<TagSet>, number]>([
    [{}, 0],
    // The lead of the best candidate over the next.
    [silhouette(unsure('ambiguous', 0.5, 0.4, 0.1)), 0.9],
    [silhouette(unsure('below-threshold', 0.3)), 0.7],
    [silhouette(unsure('below-threshold')), 1],
    // The lead of a suggestion over everything else together.
    [silhouette(suggested(0.8)), 0.4],
    [silhouette(suggested(0.3)), 1],
    // The least sure one counts, wherever it is, and only while it waits.
    [{ ...category(unsure('ambiguous', 0.41, 0.4)), ...silhouette(suggested(0.8)) }, 0.99],
    [{ ...category({ ...unsure('ambiguous', 0.41, 0.4), reviewed }), ...silhouette(suggested(0.8)) }, 0.4],
    [
      { variants: [{ key: 'a', images: [0], ...silhouette(suggested(0.6)) }], ...silhouette(suggested(0.8)) },
      0.8,
    ],
  ])('%#', (changes, expected) => {
    expect(uncertainty(tagSetOf('p', changes))).toBeCloseTo(expected, 4);
  });
});

test('failed: a picture could not be used', () => {
  const ok = tagSetOf('p').images[0]!;
  expect(hasFailures(tagSetOf('p'))).toBe(false);
  expect(hasFailures(tagSetOf('p', { images: [ok, { ...ok, status: 'failed' }] }))).toBe(true);
});
