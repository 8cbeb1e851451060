/** Documents are read as the folder is, beside the requests, and only so much of them. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { meaningReader } from '../../../src/adapters/taxonomy/documents.ts';
import { createFileTaxonomySource } from '../../../src/adapters/taxonomy/files.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const directory = path.join(root, 'taxonomy');
const own = createFileTaxonomySource({ directory, calibrationDirectory: path.join(root, 'calibration') });

async function files(): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const place of ['', 'attributes', 'mappings'])
    for (const name of await readdir(path.join(directory, place)))
      if (name.endsWith('.yaml'))
        all[path.posix.join(place, name)] = await readFile(path.join(directory, place, name), 'utf8');
  return all;
}

test('the same taxonomy as from the folder', async () => {
  const sent = await files();
  const [read, folder] = [await meaningReader.taxonomy(sent), await own.load()];
  expect(read).toEqual({ taxonomy: folder });
});

test('what is missing, unknown or broken is told by its file', async () => {
  const sent = await files();
  const { 'profiles.yaml': _, ...less } = sent;
  const read = await meaningReader.taxonomy({
    ...less,
    'README.md': '# x',
    'attributes/fit.yaml': 'a: [\n',
    'attributes/deep/er.yaml': '',
  });
  const problems = 'problems' in read ? read.problems : [];
  const lines = problems.map(({ file, path: where, message }) => `${file}: ${where}: ${message}`);
  expect(lines).toEqual(
    expect.arrayContaining([
      'profiles.yaml: : is missing',
      'README.md: : is no file of a taxonomy',
      'attributes/deep/er.yaml: : is no file of a taxonomy',
      expect.stringMatching(/^attributes\/fit\.yaml: line \d+: /),
    ]),
  );
  const nothing = await meaningReader.taxonomy({});
  expect('problems' in nothing && nothing.problems.length).toBeGreaterThanOrEqual(6);
});

test('a calibration is held against its own taxonomy', async () => {
  const taxonomy = await own.load();
  const text = await readFile(path.join(root, 'calibration/hangtag-garments-1/1.0.0.json'), 'utf8');
  const fitted = async (name: string) => (name === 'retail-visual-attributes@1.0.0' ? taxonomy : null);
  const sound = JSON.parse(text);
  expect(await meaningReader.calibration(sound, fitted)).toMatchObject({ calibration: sound });
  const problems = async (value: unknown) => {
    const read = await meaningReader.calibration(value, fitted);
    return 'problems' in read ? read.problems.map(({ path: where, message }) => `${where}: ${message}`) : [];
  };
  expect(await problems({ ...sound, taxonomy: 'x@9.9.9' })).toEqual([
    'taxonomy: there is no taxonomy x@9.9.9 here',
  ]);
  const one = sound.attributes['sleeve-length'];
  expect(await problems({ ...sound, attributes: { 'sleeve-length': one, tail: one } })).toEqual([
    'attributes.tail: is not an attribute',
  ]);
  expect((await problems({ ...sound, id: 'a b', category: { ...one, accept: 2 }, more: 1 })).length).toBe(3);
  expect((await problems(null)).length).toBe(1);
});
