import { expect, test } from 'vitest';
import { fromHalf, toHalf } from '../../../src/adapters/inference/onnx-clip/half-float.ts';

test('every half float survives the way out and back', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = fromHalf(bits);
    if (!Number.isNaN(value)) expect(toHalf(value)).toBe(bits);
  }
});

test.each([
  [1, 0x3c00],
  [-2, 0xc000],
  [65504, 0x7bff],
  [65519, 0x7bff],
  [65520, 0x7c00],
  [2 ** -24, 1],
  [2 ** -25, 0],
  [1 + 2 ** -11, 0x3c00],
  [1 + 3 * 2 ** -11, 0x3c02],
  [1 / 3, 0x3555],
])('%d is %d', (value, bits) => {
  expect(toHalf(value)).toBe(bits);
});
