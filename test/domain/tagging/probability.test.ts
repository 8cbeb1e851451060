import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classesOf, pooledLogit, readClasses } from '../../../src/domain/tagging/classes.ts';
import { createPictureLogits } from '../../../src/domain/tagging/picture-logits.ts';
import {
  logMeanExp,
  logSoftmax,
  logSumExp,
  poolLogRows,
  sigmoid,
} from '../../../src/domain/tagging/probability.ts';

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
  const none = { ids: [], data: new Float32Array(0) };

  test('the compiled loop agrees with the plain one for every number of rows, whatever was loaded before and since', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 11 }),
        fc.integer({ min: 1, max: 19 }),
        fc.integer({ min: 0, max: 5_000 }),
        fc.infiniteStream(fc.float({ min: -1, max: 1, noNaN: true })),
        (count, dim, others, stream) => {
          const numbers = (length: number) => Float32Array.from({ length }, () => stream.next().value);
          const rowsOf = (rows: number, data: Float32Array) => ({
            ids: Array.from({ length: rows }, (_, i) => `v${i}`),
            data,
          });
          const logits = createPictureLogits({ dim, scale: 10 });
          const data = numbers(count * dim);
          const rows = logits.rows(rowsOf(count, data));
          const vectors = [numbers(dim), numbers(dim), numbers(dim)];
          logits.take([numbers(dim)]);
          if (count > 0) rows.logits(0);
          logits.take(vectors);
          logits.rows(rowsOf(others, new Float32Array(others * dim)));
          for (const [picture, vector] of vectors.entries()) {
            const found = rows.logits(picture);
            expect(found.length).toBe(count);
            for (let row = 0; row < count; row++) {
              let sum = 0;
              for (let i = 0; i < dim; i++) sum += vector[i]! * data[row * dim + i]!;
              expect(found[row]).toBeCloseTo(sum * 10, 10);
            }
          }
        },
      ),
    );
  });

  test('rows of one id add up as probabilities; nulls are pooled by their mean', () => {
    const logits = createPictureLogits({ dim: 2, scale: 2 });
    const values = { ids: ['a', 'b', 'a', 'd'], data: Float32Array.from([1, 0, 0, 1, 1, 0, 1, 1]) };
    const nulls = { ids: ['x', 'y'], data: Float32Array.from([1, 0, 1, 0]) };
    const classes = classesOf(logits, { values, nulls, neutrals: none }, ['a', 'b', 'c']);
    logits.take([Float32Array.from([1, 0])]);
    const [a, b, missing] = readInto(classes);
    expect(a).toBeCloseTo(2 + Math.log(2));
    expect(b).toBeCloseTo(0);
    expect(missing).toBe(Number.NEGATIVE_INFINITY);
    expect(pooledLogit(classes.nulls, 0)).toBeCloseTo(2);
    expect(pooledLogit(classes.neutrals, 0)).toBeNull();
  });

  test('rows with slots are read, not computed', () => {
    const logits = createPictureLogits({ dim: 9, scale: 2 });
    const rows = logits.rows({ ids: ['a', 'b'], data: new Float32Array(0), slots: Int32Array.from([7, 2]) });
    logits.take([new Float32Array(9).map((_, slot) => slot)]);
    expect([...rows.logits(0)]).toEqual([14, 4]);
  });

  test('what has another dimension than the bank is refused', () => {
    const logits = createPictureLogits({ dim: 4, scale: 1 });
    expect(() => logits.rows({ ids: ['a'], data: new Float32Array(3) })).toThrow(RangeError);
    const rows = logits.rows({ ids: ['a'], data: new Float32Array(4) });
    logits.take([new Float32Array(3)]);
    expect(() => rows.logits(0)).toThrow(RangeError);
  });
});

function readInto(classes: ReturnType<typeof classesOf>): Float64Array {
  const out = new Float64Array(classes.size);
  readClasses(classes, 0, out);
  return out;
}
