import { describe, expect, test } from 'vitest';
import { createReadStatement, type KnownAttribute } from '../../../src/cli/import/attributes.ts';

const value = (id: string, name: string, synonyms: string[] = [], deprecated = false) => ({
  id,
  name,
  synonyms,
  deprecated,
});
const known: Record<string, KnownAttribute> = {
  material: {
    id: 'material',
    scope: 'variant',
    maxValues: 2,
    values: [
      value('denim', 'Denim', ['jeans fabric']),
      value('cotton-jersey', 'Cotton jersey', ['tee']),
      value('wool', 'Wool'),
      value('old', 'Old', [], true),
    ],
  },
  neckline: { id: 'neckline', scope: 'product', maxValues: 1, values: [value('crew', 'Crew neck')] },
  'image-view': { id: 'image-view', scope: 'image', maxValues: 1, values: [value('front', 'Front')] },
};
const asked: string[] = [];
const read = createReadStatement(async (id) => {
  asked.push(id);
  return known[id] ?? null;
});

describe('what a merchant says', () => {
  test.each([['denim'], ['Denim'], [' DENIM '], ['Jeans fabric']])('%j is denim', async (label) => {
    expect(await read({ material: [label] }, false)).toEqual({ set: { material: ['denim'] }, unknown: [] });
  });

  test('hyphens and spaces are alike, values are counted once, two words for one attribute are one statement', async () => {
    expect(await read({ material: ['cotton_jersey', 'Cotton Jersey'], fabric: ['wool'] }, false)).toEqual({
      set: { material: ['cotton-jersey', 'wool'] },
      unknown: [],
    });
  });

  test('an unknown value takes its attribute with it and nothing else', async () => {
    const { set, unknown } = await read(
      { material: ['denim', 'unobtainium'], neckline: ['Crew neck'], colour: ['red'] },
      false,
    );
    expect(set).toEqual({ neckline: ['crew'] });
    expect(unknown).toEqual([
      'material has no value "unobtainium"',
      'the taxonomy has no attribute "colour"',
    ]);
  });

  test('what is out of use, too much, of pictures, or each variant’s own is said in words', async () => {
    const said = async (attributes: Record<string, string[]>, split = false) =>
      (await read(attributes, split)).unknown.join();
    expect(await said({ material: ['old'] })).toBe('material has no value "old"');
    expect(await said({ material: ['wool', 'denim', 'tee'] })).toBe('material has room for 2, here are 3');
    expect(await said({ 'image-view': ['front'] })).toBe('image-view is no attribute of products');
    expect(await said({ material: ['wool'] }, true)).toContain('each variant’s own');
    expect(await said({ neckline: ['crew'] }, true)).toBe('');
  });

  test('each attribute is asked for once', () => {
    expect([...asked].sort()).toEqual(['colour', 'image-view', 'material', 'neckline']);
  });

  test('one that could not be asked is asked again', async () => {
    let times = 0;
    const shaky = createReadStatement(async () => {
      if (++times === 1) throw new Error('away');
      return known.neckline!;
    });
    await expect(shaky({ neckline: ['crew'] }, false)).rejects.toThrow('away');
    expect((await shaky({ neckline: ['crew'] }, false)).set).toEqual({ neckline: ['crew'] });
  });
});
