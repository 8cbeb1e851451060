/** Enlarging, apart from what PIL says of it (parity.test.ts): what is cut off, what is left alone, how long it takes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { enlarge } from '../../../src/adapters/image/enlarge.ts';
import { placeInput } from '../../../src/adapters/image/geometry.ts';

const picture = (width: number, height: number) => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 37 + (at >> 3) * 11) % 256),
});
const whole = (width: number, height: number) => ({ width, height, left: 0, top: 0 });

describe('enlarging', () => {
  test('of what lies outside of the square nothing is made, and the rest is the same', () => {
    const side = fc.integer({ min: 16, max: 40 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        const place = placeInput(width, height, { size: 48, fit: 'crop', kernel: 'cubic' });
        const pixels = picture(width, height);
        const part = enlarge(pixels, place, 48, 'cubic');
        expect(part).toMatchObject({ pixels: { width: 48, height: 48 }, place: { left: 0, top: 0 } });
        const all = enlarge(pixels, whole(place.width, place.height), 10_000, 'cubic').pixels;
        expect([all.width, all.height]).toEqual([place.width, place.height]);
        for (const y of [0, 23, 47]) {
          const start = ((y - place.top) * all.width - place.left) * 3;
          expect(part.pixels.data.subarray(y * 144, y * 144 + 144)).toEqual(
            all.data.subarray(start, start + 144),
          );
        }
      }),
      { numRuns: 30 },
    );
  });

  test.each(['linear', 'cubic', 'lanczos3'] as const)(
    '%s keeps one colour, and the middle where it was',
    (kernel) => {
      const plain = { width: 20, height: 16, data: new Uint8Array(20 * 16 * 3).fill(201) };
      const { pixels } = enlarge(plain, whole(50, 40), 50, kernel);
      expect(new Set(pixels.data)).toEqual(new Set([201]));
      // A slope of 10 a pixel: enlarged, it says where each pixel comes from.
      const slope = {
        width: 20,
        height: 16,
        data: Uint8Array.from({ length: 960 }, (_, at) => (Math.floor(at / 3) % 20) * 10),
      };
      const { data } = enlarge(slope, whole(50, 40), 50, kernel).pixels;
      for (let x = 10; x < 40; x++)
        expect(Math.abs(data[(20 * 50 + x) * 3]! - ((x + 0.5) * 0.4 - 0.5) * 10)).toBeLessThan(1.5);
    },
  );

  test('nothing to enlarge: the very same', () => {
    const pixels = picture(48, 60);
    const place = { width: 48, height: 60, left: 0, top: -6 };
    expect(enlarge(pixels, place, 48, 'cubic')).toEqual({ pixels, place });
    expect(enlarge(pixels, place, 48, 'cubic').pixels.data).toBe(pixels.data);
  });

  test('of a long strip only the middle is worked on', () => {
    const place = placeInput(16, 800, { size: 224, fit: 'crop', kernel: 'cubic' });
    expect(place.height).toBe(11_200);
    const { pixels } = enlarge(picture(16, 800), place, 224, 'cubic');
    expect(pixels.data).toHaveLength(224 * 224 * 3);
  });

  test('a pad keeps its place', () => {
    const place = placeInput(20, 30, { size: 48, fit: 'pad', kernel: 'cubic' });
    expect(enlarge(picture(20, 30), place, 48, 'cubic')).toMatchObject({
      pixels: { width: 32, height: 48 },
      place: { left: 8, top: 0 },
    });
  });
});
