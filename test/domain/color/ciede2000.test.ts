import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ciede2000 } from '../../../src/domain/color/ciede2000.ts';
import { hexToLab, type Lab, labToHex, rgbToLab } from '../../../src/domain/color/lab.ts';

/**
 * From Table 1 of G. Sharma, W. Wu, E. N. Dalal, "The CIEDE2000 color-difference formula: implementation notes,
 * supplementary test data, and mathematical observations", Color Research and Application 30 (2005) 21-30.
 */
const published: readonly (readonly [Lab, Lab, number])[] = [
  [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
  [[50, 3.1571, -77.2803], [50, 0, -82.7485], 2.8615],
  [[50, 2.8361, -74.02], [50, 0, -82.7485], 3.4412],
  [[50, -1.3802, -84.2814], [50, 0, -82.7485], 1],
  [[50, 0, 0], [50, -1, 2], 2.3669],
  [[50, 2.49, -0.001], [50, -2.49, 0.0009], 7.1792],
  [[50, 2.49, -0.001], [50, -2.49, 0.0011], 7.2195],
  [[50, -0.001, 2.49], [50, 0.0009, -2.49], 4.8045],
  [[50, 2.5, 0], [50, 0, -2.5], 4.3065],
  [[50, 2.5, 0], [73, 25, -18], 27.1492],
  [[50, 2.5, 0], [61, -5, 29], 22.8977],
  [[50, 2.5, 0], [56, -27, -3], 31.903],
  [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
  [[22.7233, 20.0904, -46.694], [23.0331, 14.973, -42.5619], 2.0373],
  [[90.8027, -2.0831, 1.441], [91.1528, -1.6435, 0.0447], 1.4441],
  [[2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082],
];

describe('CIEDE2000', () => {
  test.each(published)('%j and %j differ by %f', (p, q, expected) => {
    expect(ciede2000(p, q)).toBeCloseTo(expected, 4);
    expect(ciede2000(q, p)).toBeCloseTo(expected, 4);
  });
});

describe('CIELAB', () => {
  test.each([
    ['#ffffff', [100, 0, 0]],
    ['#000000', [0, 0, 0]],
    ['#ff0000', [53.24, 80.09, 67.2]],
    ['#0000ff', [32.3, 79.19, -107.86]],
    ['#808080', [53.59, 0, 0]],
  ] as const)('%s', (hex, expected) => {
    const lab = hexToLab(hex)!;
    for (const axis of [0, 1, 2] as const) expect(lab[axis]).toBeCloseTo(expected[axis], 1);
  });

  test('goes there and back', () => {
    const code = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(code, code, code, (r, g, b) => {
        const hex = `#${[r, g, b].map((v) => v.toString(16).padStart(2, '0')).join('')}`;
        expect(labToHex(rgbToLab(r, g, b))).toBe(hex);
      }),
    );
  });

  test('what is no hex code has no colour', () => {
    expect(hexToLab('#fff')).toBeNull();
    expect(hexToLab('red')).toBeNull();
  });
});
