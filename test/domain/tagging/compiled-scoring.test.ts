/** Scoring as it is compiled against the plain formulation in `plain/`, which says the same in as few words as it can. */
import { beforeAll, describe, expect, test } from 'vitest';
import { ciede2000 } from '../../../src/domain/color/ciede2000.ts';
import type { Lab } from '../../../src/domain/color/lab.ts';
import type { VectorBank } from '../../../src/domain/tagging/bank.ts';
import type { AttributeCalibration, Calibration } from '../../../src/domain/tagging/calibration.ts';
import {
  decideProduct,
  type Meaning,
  type ProductQuestion,
} from '../../../src/domain/tagging/decide-product.ts';
import type { Taxonomy } from '../../../src/domain/taxonomy/types.ts';
import { longRuns } from '../../long-runs.ts';
import { captionedBank, chance, loadTaxonomy, pictureOf } from './captioned-world.ts';
import { ciede2000 as plainCiede2000 } from './plain/ciede2000.ts';
import { decideProduct as plainly } from './plain/decide-product.ts';

const products = longRuns ? 5_000 : 300;
let taxonomy: Taxonomy;
let bank: VectorBank;

beforeAll(async () => {
  taxonomy = await loadTaxonomy();
  bank = captionedBank(taxonomy, 60);
});

/** Thresholds where the pictures are, so that each verdict is met often. */
function calibration(seed: number): Calibration {
  const next = chance(`calibration ${seed}`);
  const fitted = (): AttributeCalibration => ({
    temperature: 0.5 + 3 * next(),
    accept: 0.1 + 0.6 * next(),
    margin: 0.3 * next(),
    status: next() < 0.8 ? 'accept' : 'suggest',
    precision: null,
    coverage: null,
  });
  return {
    id: `calibration ${seed}`,
    model: bank.model,
    taxonomy: taxonomy.version,
    category: fitted(),
    attributes: Object.fromEntries(
      taxonomy.attributes.filter(() => next() < 0.7).map(({ id }) => [id, fitted()]),
    ),
  };
}

function question(product: number): ProductQuestion {
  const next = chance(`question ${product}`);
  const variants = next() < 0.3 ? ['a', 'b', null] : [null];
  const images = Array.from({ length: next() < 0.5 ? 1 : 1 + Math.floor(next() * 8) }, (_, index) =>
    // Now and then a picture of another product, which contradicts the others.
    pictureOf(taxonomy, bank, next() < 0.9 ? product : product + 1, index, {
      view: next() < 0.2 ? 'back' : null,
      variant: variants[Math.floor(next() * variants.length)]!,
    }),
  );
  const some = taxonomy.attributes.filter(() => next() < 0.3).map(({ id }) => id);
  const bars = new Map(
    taxonomy.attributes
      .filter(() => next() < 0.1)
      .map(({ id, values }) => [id, values.filter(() => next() < 0.3).map((value) => value.id)]),
  );
  return {
    images,
    category: null,
    attributes: next() < 0.2 ? some : null,
    explain: next() < 0.1,
    barred: (attribute) => bars.get(attribute) ?? [],
  };
}

describe('compiled scoring', () => {
  test(`${products} products: the same decisions, to the last decimal that is told`, {
    timeout: 300_000,
  }, () => {
    const meanings: Meaning[] = [null, 1, 2, 3].map((seed) => ({
      taxonomy,
      bank,
      calibration: seed === null ? null : calibration(seed),
    }));
    const met = new Map<string, number>();
    for (let product = 0; product < products; product++) {
      const meaning = meanings[product % meanings.length]!;
      const asked = question(product);
      const answer = decideProduct(meaning, asked);
      expect(answer).toEqual(plainly(meaning, asked));
      for (const { status, reason = '', values } of [answer.category, ...Object.values(answer.attributes)]) {
        const kind = `${status} ${reason}${values.length > 1 ? ' several' : ''}`;
        met.set(kind, (met.get(kind) ?? 0) + 1);
      }
    }
    // The comparison is worth little where hardly anything is decided.
    for (const kind of [
      'accepted ',
      'accepted  several',
      'suggested ',
      'abstained ambiguous',
      'abstained below-threshold',
      'abstained not-visible',
    ]) {
      expect(met.get(kind) ?? 0, kind).toBeGreaterThan(products / 20);
    }
  });

  test('several rows of one value add up as they do plainly', () => {
    const { categories, ...rest } = bank;
    const twice = <T>(list: readonly T[]) => [...list, ...list];
    const { ids, data } = categories.values;
    const doubled = { ids: twice(ids), data: Float32Array.from(twice([...data])) };
    const double: VectorBank = { ...rest, categories: { ...categories, values: doubled } };
    const meaning = { taxonomy, bank: double, calibration: calibration(1) };
    for (let product = 0; product < 50; product++) {
      const asked = question(product);
      expect(decideProduct(meaning, asked)).toEqual(plainly(meaning, asked));
    }
  });

  test('colour differences are those of the formula as it is printed', () => {
    const next = chance('colours');
    const any = (): Lab => [100 * next(), 200 * next() - 100, 200 * next() - 100];
    for (let pair = 0; pair < 20_000; pair++) {
      const a = any();
      const near: Lab = [a[0] + 1e-3 * next(), a[1] + 1e-3 * next(), a[2] - 1e-3 * next()];
      const b = [any(), near, [50, 0, 0] as const, [a[0], 0, 0] as const][pair % 4]!;
      expect(ciede2000(a, b)).toBeCloseTo(plainCiede2000(a, b), 7);
      expect(ciede2000(b, a)).toBeCloseTo(plainCiede2000(b, a), 7);
    }
    expect(ciede2000([50, 0, 0], [60, 0, 0])).toBeCloseTo(plainCiede2000([50, 0, 0], [60, 0, 0]), 7);
  });
});
