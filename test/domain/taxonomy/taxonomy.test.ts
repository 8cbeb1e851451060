import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createFileTaxonomySource } from '../../../src/adapters/taxonomy/files.ts';
import {
  attributesFor,
  imageAttributes,
  profileFor,
  valuesFor,
} from '../../../src/domain/taxonomy/applicability.ts';
import { captionsFor, renderCaption } from '../../../src/domain/taxonomy/prompts.ts';
import { resolveCategory } from '../../../src/domain/taxonomy/resolve-category.ts';
import { lowestCommonAncestor, withDescendants } from '../../../src/domain/taxonomy/tree.ts';
import type { Taxonomy } from '../../../src/domain/taxonomy/types.ts';

const root = path.resolve(import.meta.dirname, '../../..');
let taxonomy: Taxonomy;

beforeAll(async () => {
  taxonomy = await createFileTaxonomySource({
    directory: path.join(root, 'taxonomy'),
    calibrationDirectory: path.join(root, 'calibration'),
  }).load();
});

describe('applicability', () => {
  test('a T-shirt has a neckline and no heel; an unknown thing has only what everything has', () => {
    const tee = attributesFor(taxonomy, 't-shirt');
    expect(tee).toContain('neckline');
    expect(tee).not.toContain('heel-height');
    expect(attributesFor(taxonomy, null)).toEqual(['color', 'pattern', 'material', 'surface-finish']);
  });

  test('an inner node has what all its leaves share', () => {
    const tops = attributesFor(taxonomy, 'tops');
    const leaves = taxonomy.categoryById.get('tops')!.children;
    for (const id of tops) for (const leaf of leaves) expect(attributesFor(taxonomy, leaf)).toContain(id);
    expect(tops).toContain('sleeve-length');
    expect(tops).not.toContain('strap-type');
    expect(attributesFor(taxonomy, 'headwear')).toEqual(attributesFor(taxonomy, 'beanie'));
  });

  test('profiles: a leaf has its own, an inner node the nearest common one', () => {
    expect(profileFor(taxonomy, 't-shirt')).toBe('top');
    expect(profileFor(taxonomy, 'tops')).toBe('garment-base');
    expect(profileFor(taxonomy, 'clothing')).toBe('garment-base');
    expect(profileFor(taxonomy, null)).toBe('universal');
  });

  test('every attribute that applies to a leaf leaves at least two values, and no value of another world', () => {
    for (const leaf of taxonomy.categories.filter((category) => category.leaf)) {
      for (const id of attributesFor(taxonomy, leaf.id)) {
        expect(
          valuesFor(taxonomy.attributeById.get(id)!, taxonomy, leaf.id).length,
          `${leaf.id} ${id}`,
        ).toBeGreaterThan(1);
      }
    }
    const shoe = taxonomy.attributeById.get('shoe-style')!;
    const sneaker = valuesFor(shoe, taxonomy, 'sneakers').map((value) => value.id);
    expect(sneaker).toContain('high-top');
    expect(sneaker).not.toContain('flip-flop');
    expect(imageAttributes(taxonomy).map((attribute) => attribute.id)).toEqual([
      'image-view',
      'presentation',
    ]);
  });
});

describe('what a caller calls a category', () => {
  test.each([
    ['t-shirt', 't-shirt'],
    [' T-Shirt ', 't-shirt'],
    ['gid://shopify/TaxonomyCategory/aa-1-4', 'dresses'],
    ['2271', 'dresses'],
    ['gid://shopify/TaxonomyCategory/aa-1-12', 'pants'],
    ['hats', 'headwear'],
    ['5322', 'clothing'],
    ['201', 'jewelry'],
    ['2', 'toys-baby-pet'],
    ['gid://shopify/TaxonomyCategory/zz-9', null],
    ['99999999', null],
    ['', null],
    ['constructor', null],
  ])('%s is %s', (text, id) => {
    expect(resolveCategory(taxonomy, text)).toBe(id);
  });

  test('every id and exact GID resolves to its node or to one above it', () => {
    for (const { id, shopify } of taxonomy.categories) {
      expect(resolveCategory(taxonomy, id)).toBe(id);
      if (shopify?.match !== 'exact') continue;
      const found = resolveCategory(taxonomy, shopify.gid);
      expect(taxonomy.categoryById.get(id)!.path).toContain(found);
    }
  });
});

describe('the tree', () => {
  test('common ancestors and descendants', () => {
    expect(lowestCommonAncestor(taxonomy, ['jeans', 'leggings'])).toBe('pants');
    expect(lowestCommonAncestor(taxonomy, ['jeans', 'sneakers'])).toBeNull();
    expect(withDescendants(taxonomy, 'headwear')).toEqual([
      'headwear',
      'cap',
      'beanie',
      'bucket-hat',
      'brimmed-hat',
      'beret',
    ]);
    expect(() => lowestCommonAncestor(taxonomy, ['nowhere'])).toThrow(RangeError);
  });
});

describe('captions', () => {
  test.each([
    ['{a} {item} in navy', 'top', false, 'a top in navy'],
    ['{a} {item} in navy', 'umbrella', false, 'an umbrella in navy'],
    ['{a} {item} in navy', 'pants', true, 'pants in navy'],
    ['{a} orange {item}', 'top', false, 'an orange top'],
    ['the back of {a} {item}', 'shoes', true, 'the back of shoes'],
    ['{a} one-shoulder {item}', 'dress', false, 'a one-shoulder dress'],
    ['{a} utilitarian {item} at {a} hour', 'vest', false, 'a utilitarian vest at an hour'],
    ['{a} unisex {item}', 'top', false, 'a unisex top'],
    ['{a} unlined {item} with {a} A-line cut', 'coat', false, 'an unlined coat with an A-line cut'],
  ])('%s', (prompt, noun, plural, caption) => {
    expect(renderCaption(prompt, noun, plural)).toBe(caption);
  });

  test('no caption of any value under any profile keeps a placeholder', () => {
    for (const attribute of taxonomy.attributes) {
      for (const value of attribute.values) {
        for (const caption of captionsFor(taxonomy, value, 'dress')) expect(caption).not.toMatch(/[{}]| {2}/);
      }
    }
  });
});
