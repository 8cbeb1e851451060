import path from 'node:path';
import { expect, test } from 'vitest';
import { createFileTaxonomySource } from '../../../src/adapters/taxonomy/files.ts';
import { attributesFor, profileFor, valuesFor } from '../../../src/domain/taxonomy/applicability.ts';
import { categoryCaptions, inTemplates, profileCaptions } from '../../../src/domain/taxonomy/caption-plan.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const taxonomy = await createFileTaxonomySource({
  directory: path.join(root, 'taxonomy'),
  calibrationDirectory: path.join(root, 'calibration'),
}).load();

test('whatever a category is asked, there are captions for each value that it could have', () => {
  const missing: string[] = [];
  for (const id of [null, ...taxonomy.categories.map((category) => category.id)]) {
    const plan = profileCaptions(taxonomy, profileFor(taxonomy, id));
    for (const attributeId of attributesFor(taxonomy, id)) {
      const attribute = taxonomy.attributeById.get(attributeId)!;
      if (attribute.scope === 'image') continue;
      const planned = new Set(plan.get(attributeId)?.values.map((value) => value.id));
      for (const value of valuesFor(attribute, taxonomy, id))
        if (!planned.has(value.id)) missing.push(`${id}: ${attributeId}/${value.id}`);
    }
  }
  expect(missing).toEqual([]);
});

test('captions carry the profile’s noun; categories their own', () => {
  const neckline = (profile: string) =>
    profileCaptions(taxonomy, profile)
      .get('neckline')!
      .values.find(({ id }) => id === 'v-neck')!.captions;
  expect(neckline('dress').every((caption) => caption.includes('dress'))).toBe(true);
  expect(neckline('top').some((caption) => caption.includes('dress'))).toBe(false);
  const { values, nulls } = categoryCaptions(taxonomy);
  expect(values).toHaveLength(212);
  expect(nulls).toContain('a size chart');
  for (const { captions } of values) for (const caption of captions) expect(caption).not.toMatch(/[{}]/);
});

test('templates', () => {
  expect(inTemplates('a dress', ['a photo of {caption}', '{caption}'])).toEqual([
    'a photo of a dress',
    'a dress',
  ]);
});
