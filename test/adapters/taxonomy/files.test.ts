import { access, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFileTaxonomySource, type TaxonomyError } from '../../../src/adapters/taxonomy/files.ts';
import { taxonomyJsonSchema } from '../../../src/adapters/taxonomy/schema.ts';
import { checkTaxonomy } from '../../../src/cli/taxonomy/check.ts';

const root = path.resolve(import.meta.dirname, '../../..');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'taxonomy-'));
  await cp(path.join(root, 'taxonomy'), folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const source = (directory = folder) =>
  createFileTaxonomySource({ directory, calibrationDirectory: path.join(folder, 'calibration') });

async function edit(file: string, from: string | RegExp, to: string): Promise<void> {
  const text = await readFile(path.join(folder, file), 'utf8');
  const changed = text.replace(from, to);
  expect(changed, `nothing to replace in ${file}`).not.toBe(text);
  await writeFile(path.join(folder, file), changed);
}

async function problems(): Promise<string[]> {
  const error = await source()
    .load()
    .then(
      () => null,
      (thrown: TaxonomyError) => thrown,
    );
  return (error?.problems ?? []).map((problem) => `${problem.file}: ${problem.path}: ${problem.message}`);
}

describe('the taxonomy that ships', () => {
  test('is sound, and has what was promised', async () => {
    const taxonomy = await source(path.join(root, 'taxonomy')).load();
    expect(taxonomy.version).toBe('1.0.0');
    expect(taxonomy.categories).toHaveLength(241);
    expect(taxonomy.categories.filter((category) => category.leaf)).toHaveLength(212);
    expect(taxonomy.attributes).toHaveLength(67);
    expect(taxonomy.attributes.reduce((sum, attribute) => sum + attribute.values.length, 0)).toBe(836);
    const perVariant = taxonomy.attributes
      .filter((attribute) => attribute.scope === 'variant')
      .map(({ id }) => id);
    expect(perVariant).toEqual([
      'color',
      'pattern',
      'material',
      'surface-finish',
      'metal-color',
      'lens-tint',
    ]);
    const leaves = taxonomy.categories.filter((category) => category.leaf);
    expect(leaves.filter(({ shopify, google }) => shopify === null || google === null)).toEqual([]);
    expect(taxonomy.attributeById.get('neckline')?.valueById.get('v-neck')?.shopify[0]?.gid).toBe(
      'gid://shopify/TaxonomyValue/390',
    );
  });

  test('its hash follows the meaning, not the spelling of the files', async () => {
    const before = (await source().load()).contentHash;
    await edit('taxonomy.yaml', /^/, '# a comment\n');
    expect((await source().load()).contentHash).toBe(before);
    await edit('attributes/fit.yaml', "'{a} slim-fit {item}'", "'{a} slim-cut {item}'");
    expect((await source().load()).contentHash).not.toBe(before);
  });
});

describe('taxonomy/schema.json', () => {
  const file = path.join(root, 'taxonomy/schema.json');

  test('says what the check enforces (write it anew with vitest -u)', async () => {
    await access(file);
    await expect(`${JSON.stringify(taxonomyJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(file);
  });
});

describe('a broken taxonomy', () => {
  test('every mistake in meaning is listed with its file and path', async () => {
    await edit(
      'categories.yaml',
      /- id: jeans\n(.*\n)\s+parent: pants\n\s+profile: pants/,
      '- id: jeans\n$1  parent: nowhere\n  profile: abstract-thing',
    );
    await edit('categories.yaml', '- id: chinos', '- id: jeans');
    await edit('profiles.yaml', /(scarf:\n\s+extends:) universal/, '$1 nothing-at-all');
    await edit('taxonomy.yaml', '- scarf-style\n', '- scarf-style\n- scarf-style\n');
    await edit('taxonomy.yaml', 'accessories]', 'accessories, spaceships]');
    await edit('mappings/google.yaml', 'values:\n', 'values:\n  color/plaid: Plaid\n');
    const found = await problems();
    const expected = [
      'categories.yaml: jeans.parent: there is no category nowhere',
      'categories.yaml: jeans.profile: there is no profile abstract-thing',
      'categories.yaml: jeans: the id is used twice',
      'profiles.yaml: scarf.extends: there is no profile nothing-at-all',
      'taxonomy.yaml: attributes: scarf-style is listed twice',
      'taxonomy.yaml: scopes.fashion: there is no category spaceships',
      'mappings/google.yaml: values.color/plaid: maps something that is not there',
    ];
    for (const line of expected) expect(found).toContain(line);
  });

  test('every mistake inside attributes is listed', async () => {
    await edit('attributes/fit.yaml', "'{a} slim-fit {item}'", "'{a} {garment} without width'");
    await edit('attributes/sleeve-style.yaml', 'attribute: sleeve-length', 'attribute: sleeves');
    await edit('attributes/neckline.yaml', 'views: [front]', 'views: [frontal]');
    await edit('attributes/texture.yaml', /neutral_prompts:\n(- .*\n)+/, '');
    await edit('attributes/color.yaml', /(id: navy\n(.*\n)*?\s+family:) blue/, '$1 green');
    await edit(
      'attributes/bag-structure.yaml',
      '- id: slouchy\n',
      '- id: slouchy\n  replaced_by: hard-shell\n',
    );
    const found = (await problems()).join('\n');
    for (const part of [
      'attributes/fit.yaml: values.slim.prompts.',
      'the placeholder {garment} is not known',
      'negates: ',
      'attributes/sleeve-style.yaml: requires: there is no attribute sleeves',
      'attributes/neckline.yaml: views: image-view has no value frontal',
      'attributes/texture.yaml: neutral_prompts: binary-contrast needs',
      'attributes/color.yaml: values.navy.family: is green, but taxonomy.yaml lists it under blue',
      'attributes/bag-structure.yaml: values.slouchy.replaced_by: only a deprecated value is replaced',
    ]) {
      expect(found).toContain(part);
    }
  });

  test('one mistake does not hide another: wording, tree, structure and mappings in one copy', async () => {
    await edit('taxonomy.yaml', '- an empty room', '- a room without people');
    await edit('taxonomy.yaml', '- a size chart', '- a chart of {item}');
    await edit('taxonomy.yaml', '- a product photo of {caption}', '- a {kind} photo');
    await edit('categories.yaml', 'prompts: [a hat]', "prompts: ['a {garment}']");
    await edit(
      'categories.yaml',
      /- id: beanie\n(.*\n)\s+parent: headwear/,
      '- id: beanie\n$1  parent: hats',
    );
    await edit('profiles.yaml', /(gloves:\n\s+extends:) universal/, '$1 gloves');
    await edit('attributes/age-group.yaml', 'reliability: medium', 'reliability: middling');
    await edit('attributes/color.yaml', "'#111111'", 'black');
    await edit('attributes/fit.yaml', '{a} slim-fit {item}', '{a} slim-fit {item');
    await edit('attributes/glove-style.yaml', '- id: mitten', '- id: full-glove');
    await edit('attributes/image-view.yaml', 'scope: image', 'scope: product');
    await edit('attributes/pockets.yaml', /max_values: \d+/, 'max_values: 99');
    await edit('attributes/sleeve-style.yaml', 'attribute: sleeve-length', 'attribute: constructor');
    await edit('attributes/season.yaml', /^/, 'half: *nowhere\n');
    await edit('attributes/room.yaml', 'values:', 'values: [');
    await edit('mappings/shopify.yaml', 'values:\n  ', 'values:\n  fit/plaid: {}\n  color/plaid: {}\n  ');
    const found = await problems();
    const expected = [
      'taxonomy.yaml: reject_prompts.5: negates: "a room without people"',
      'taxonomy.yaml: reject_prompts.1: the placeholder {item} is not known here',
      'taxonomy.yaml: templates.1: the placeholder {kind} is not known here, only {caption}',
      'taxonomy.yaml: templates.1: lacks {caption}',
      'categories.yaml: headwear.prompts.0: the placeholder {garment} is not known here, only {a} and {item}',
      'categories.yaml: beanie.parent: there is no category hats',
      'profiles.yaml: gloves.extends: goes round in a circle: gloves > gloves',
      expect.stringMatching(/^attributes\/age-group\.yaml: reliability: /),
      'attributes/color.yaml: values.0.hex: must be #rrggbb',
      'attributes/fit.yaml: values.slim.prompts.0: has a brace too many: "{a} slim-fit {item"',
      'attributes/glove-style.yaml: values.full-glove: the id is used twice',
      'attributes/image-view.yaml: scope: is product, but it gates by picture',
      'attributes/pockets.yaml: max_values: is 99, but there are only 8 values',
      'attributes/sleeve-style.yaml: requires.0.attribute: is a reserved word',
      expect.stringMatching(/^attributes\/season\.yaml: .*[Uu]nresolved alias/),
      expect.stringMatching(/^attributes\/room\.yaml: line \d+: /),
      'mappings/shopify.yaml: values.fit/plaid: maps something that is not there',
      'mappings/shopify.yaml: values.glove-style/mitten: maps something that is not there',
    ];
    for (const line of expected) expect(found).toContainEqual(line);
    // And no echoes: what leans on an unreadable file (color/plaid) is not a second mistake.
    expect(found).toHaveLength(expected.length);
  });

  test('values that no caption tells apart, wherever the two meet', async () => {
    const values = (...list: string[]) => `values:\n${list.join('\n')}\n`;
    const value = (id: string, prompt: string, profile: string) =>
      `- { id: ${id}, name: N, prompts: ['${prompt}'], profiles: [${profile}] }`;
    await edit(
      'attributes/closure.yaml',
      'values:\n',
      values(
        value('one', '{a} {item} with hooks', 'top'),
        value('two', '{a} {item} with hooks', 'footwear'),
        value('three', '{a} {item} with hooks', 'top'),
        value('four', '{a} {item} with loops', 'garment-base'),
        value('five', '{a} dress with loops', 'dress'),
        value('six', '{a} {item} with ribbons', 'garment-base'),
        value('seven', '{a} {item} with ribbons', 'garment-base'),
      ),
    );
    expect(await problems()).toEqual([
      'attributes/closure.yaml: values.three.prompts: under the profile top shares the caption "a top with hooks" with one',
      'attributes/closure.yaml: values.seven.prompts: under the profile top shares the caption "a top with ribbons" with six',
      'attributes/closure.yaml: values.five.prompts: under the profile dress shares the caption "a dress with loops" with four',
    ]);
  });

  test('an attribute that a leaf could answer in one way only', async () => {
    await edit('attributes/frame-rim.yaml', /- id: (half-rim|rimless)\n/g, '$&  profiles: [top]\n');
    expect(await problems()).toEqual(
      ['sunglasses', 'eyeglasses'].map(
        (leaf) => `attributes/frame-rim.yaml: values: leaves 1 value(s) for the category ${leaf}`,
      ),
    );
  });

  test('a circle in the tree is found, not followed for ever', async () => {
    await edit(
      'categories.yaml',
      /- id: clothing\n(.*\n)\s+parent: null/,
      '- id: clothing\n$1  parent: tops',
    );
    expect((await problems()).join('\n')).toContain('goes round in a circle');
  });

  test('structure: misspelt keys, wrong types and broken YAML, each with its place', async () => {
    await edit('attributes/fit.yaml', 'reliability: low', 'reliabilty: low');
    await edit('attributes/color.yaml', "'#111111'", "'black'");
    await edit('profiles.yaml', 'extends: null', 'extends: [');
    await rm(path.join(folder, 'mappings/schema-org.yaml'));
    const found = (await problems()).join('\n');
    expect(found).toContain('attributes/fit.yaml: : Unrecognized key: "reliabilty"');
    expect(found).toContain('attributes/color.yaml: values.0.hex: must be #rrggbb');
    expect(found).toMatch(/profiles\.yaml: line \d+:/);
    expect(found).toContain('mappings/schema-org.yaml: : cannot be read (ENOENT)');
  });

  test('the command prints them and fails; a sound one is one line', async () => {
    const lines: string[] = [];
    expect(await checkTaxonomy(source(path.join(root, 'taxonomy')), (line) => lines.push(line))).toBe(0);
    expect(lines).toHaveLength(1);
    await edit('attributes/fit.yaml', 'reliability: low', 'reliability: lowish');
    expect(await checkTaxonomy(source(), (line) => lines.push(line))).toBe(1);
    expect(lines.at(-1)).toBe('1 problem(s)');
  });
});

describe('calibrations', () => {
  const fitted = {
    temperature: 1,
    accept: 0.5,
    margin: 0.1,
    status: 'accept',
    precision: null,
    coverage: null,
  };
  async function write(content: unknown, model = 'some-model'): Promise<void> {
    const under = path.join('calibration', model);
    const { mkdir } = await import('node:fs/promises');
    await mkdir(path.join(folder, under), { recursive: true });
    await writeFile(
      path.join(folder, under, '1.0.0.json'),
      typeof content === 'string' ? content : JSON.stringify(content),
    );
  }
  const good = {
    id: 'x',
    model: 'some-model',
    taxonomy: 'retail-visual-attributes@1.0.0',
    category: null,
    attributes: { fit: fitted },
  };

  test('none is null; a good one is loaded; a wrong one says where', async () => {
    const taxonomy = await source().load();
    expect(await source().calibration('some-model', taxonomy)).toBeNull();
    await write(good);
    expect(await source().calibration('some-model', taxonomy)).toEqual(good);
    for (const [wrong, message] of [
      [{ ...good, taxonomy: 'retail-visual-attributes@0.9.0' }, /fitted under .*0\.9\.0/],
      [{ ...good, attributes: { sleeves: fitted } }, /attributes\.sleeves: is not an attribute/],
      [{ ...good, category: { ...fitted, accept: 2 } }, /category\.accept/],
      [{ ...good, model: 'another' }, /fitted for another/],
      ['{', /is not JSON/],
    ] as const) {
      await write(wrong);
      await expect(source().calibration('some-model', taxonomy)).rejects.toThrow(message);
    }
  });

  test('a model of an organisation has its slash written as two dashes', async () => {
    const taxonomy = await source(path.join(root, 'taxonomy')).load();
    expect(await source().calibration('org/name', taxonomy)).toBeNull();
    await write({ ...good, model: 'org/name' }, 'org--name');
    expect(await source().calibration('org/name', taxonomy)).toMatchObject({ id: good.id });
  });

  test.each(['..', '../some-model', '/etc', '.hidden', ''])('%j names no folder', async (id) => {
    await write(good);
    const taxonomy = await source(path.join(root, 'taxonomy')).load();
    await expect(source().calibration(id, taxonomy)).rejects.toThrow(/cannot name a folder/);
  });
});
