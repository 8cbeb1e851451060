import { describe, expect, test } from 'vitest';
import { deliveryWaits, nextWait, restAfter } from '../../../src/domain/events/outgoing-schedule.ts';

describe('the next attempt', () => {
  test('eight in all, over about a day', () => {
    const waits = Array.from({ length: 9 }, (_, failed) => nextWait(failed, null, 0.5));
    expect(waits).toEqual([0, 5, 300, 1_800, 7_200, 14_400, 25_200, 36_000, null]);
    const hours = deliveryWaits.reduce((sum, wait) => sum + wait, 0) / 3600;
    expect(hours).toBeGreaterThan(20);
    expect(hours).toBeLessThan(26);
  });

  test('a tenth sooner or later, by chance', () => {
    expect(nextWait(2, null, 0)).toBeCloseTo(270);
    expect(nextWait(2, null, 1)).toBeCloseTo(330);
  });

  test.each<[string, number, number | null, number | null]>([
    ['later than planned, where the receiver asks', 1, 60, 60],
    ['no sooner', 3, 60, 1_800],
    ['an hour at most', 1, 86_400, 3_600],
    ['none, however it asks', 8, 60, null],
  ])('%s', (_, failed, asked, wait) => {
    expect(nextWait(failed, asked, 0.5)).toBe(wait);
  });
});

test('a receiver that fails again and again is left alone for longer, a minute at most', () => {
  expect([1, 2, 3, 4, 5, 8, 9, 1000].map(restAfter)).toEqual([0, 0, 1, 2, 4, 32, 60, 60]);
});
