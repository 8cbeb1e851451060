import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  logMeanExp,
  logSoftmax,
  logSumExp,
  poolLogRows,
  sigmoid,
} from '../../../src/domain/tagging/probability.ts';
import { logitsOf, pooledLogit, valueLogits } from '../../../src/domain/tagging/similarity.ts';

const logits = fc.array(fc.double({ min: -500, max: 500, noNaN: true }), { minLength: 1, maxLength: 12 });

describe('probability', () => {
  test('softmax sums to 1 even at scale 100 and beyond', () => {
    fc.assert(
      fc.property(logits, (values) => {
        const sum = logSoftmax(values).reduce((total, logP) => total + Math.exp(logP), 0);
        expect(sum).toBeCloseTo(1, 9);
      }),
    );
  });

  test('known values', () => {
    expect(logSumExp([0, 0])).toBeCloseTo(Math.log(2));
    expect(logSumExp([])).toBe(Number.NEGATIVE_INFINITY);
    expect(logMeanExp([3, 3, 3])).toBeCloseTo(3);
    expect(sigmoid(0)).toBe(0.5);
    expect(sigmoid(-800)).toBe(0);
    expect(sigmoid(800)).toBe(1);
  });

  test('pooling equal rows gives the row; weights need not sum to 1; an impossible value does not poison the rest', () => {
    const row = logSoftmax([1, 2, 3]);
    const pooled = poolLogRows([row, row, row], [1, 5, 0.3]);
    pooled.forEach((value, index) => {
      expect(value).toBeCloseTo(row[index]!, 9);
    });
    const hard = poolLogRows([[0, Number.NEGATIVE_INFINITY], logSoftmax([0, 0])], [1, 1]);
    expect(hard.every(Number.isFinite)).toBe(true);
    expect(hard[0]).toBeGreaterThan(hard[1]!);
  });
});

describe('similarity', () => {
  test('the blocked loop agrees with the plain one for every number of rows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 11 }),
        fc.integer({ min: 1, max: 9 }),
        fc.infiniteStream(fc.float({ min: -1, max: 1, noNaN: true })),
        (count, dim, stream) => {
          const data = Float32Array.from({ length: count * dim }, () => stream.next().value);
          const vector = Float32Array.from({ length: dim }, () => stream.next().value);
          const found = logitsOf(vector, { ids: Array.from({ length: count }, (_, i) => `v${i}`), data }, 10);
          for (let row = 0; row < count; row++) {
            let sum = 0;
            for (let i = 0; i < dim; i++) sum += vector[i]! * data[row * dim + i]!;
            expect(found[row]).toBeCloseTo(sum * 10, 6);
          }
        },
      ),
    );
  });

  test('rows of one id add up as probabilities; nulls are pooled by their mean', () => {
    const rows = { ids: ['a', 'b', 'a'], data: Float32Array.from([1, 0, 0, 1, 1, 0]) };
    const [a, b, missing] = valueLogits(Float32Array.from([1, 0]), rows, 2, ['a', 'b', 'c']);
    expect(a).toBeCloseTo(2 + Math.log(2));
    expect(b).toBeCloseTo(0);
    expect(missing).toBe(Number.NEGATIVE_INFINITY);
    expect(
      pooledLogit(Float32Array.from([1, 0]), { ids: ['x', 'y'], data: Float32Array.from([1, 0, 1, 0]) }, 2),
    ).toBeCloseTo(2);
    expect(pooledLogit(Float32Array.from([1, 0]), { ids: [], data: new Float32Array(0) }, 2)).toBeNull();
  });

  test('rows of another dimension are refused', () => {
    expect(() => logitsOf(new Float32Array(3), { ids: ['a'], data: new Float32Array(4) }, 1)).toThrow(
      RangeError,
    );
  });
});
