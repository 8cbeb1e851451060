import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utc } from '../../../src/domain/events/utc.ts';

test('every time, in every zone, is the one that the platform reads', () => {
  const range = {
    min: new Date('0002-01-01T00:00:00Z'),
    max: new Date('9998-12-31T00:00:00Z'),
    noInvalidDate: true,
  };
  fc.assert(
    fc.property(fc.date(range), fc.integer({ min: -14 * 60, max: 14 * 60 }), (date, offset) => {
      const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1);
      const two = (value: number) => String(Math.trunc(value)).padStart(2, '0');
      const zone = `${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}:${two(Math.abs(offset) % 60)}`;
      expect(utc(local + zone)).toBe(date.toISOString());
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['2026-11-24T10:00:00Z', '2026-11-24T10:00:00.000Z'],
  ['2026-11-24t10:00:00.123456z', '2026-11-24T10:00:00.123Z'],
  ['2021-12-31T19:00:00-05:00', '2022-01-01T00:00:00.000Z'],
  ['2024-02-29T23:59:60Z', '2024-02-29T23:59:59.000Z'],
  ['2023-02-29T00:00:00Z', null],
  ['2026-13-01T00:00:00Z', null],
  ['2026-11-24T24:00:00Z', null],
  ['2026-11-24', null],
  ['2026-11-24T10:00:00', null],
  ['now', null],
  ['9999-12-31T23:59:59-01:00', null],
])('%s', (text, wanted) => {
  expect(utc(text)).toBe(wanted);
});

test('a sender that writes UTC without saying so', () => {
  expect(utc('2026-11-24T10:00:00', true)).toBe('2026-11-24T10:00:00.000Z');
});
