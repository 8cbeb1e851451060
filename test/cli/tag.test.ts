import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseTagArguments, tagFiles } from '../../src/cli/tag.ts';
import { type Composition, composeOffline } from '../../src/composition.ts';
import { parseConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';

const root = path.resolve(import.meta.dirname, '../..');
const photo = path.join(root, 'test/fixtures/images/tall.jpg');
let composition: Composition;
let folder: string;
beforeAll(async () => {
  composition = await composeOffline(parseConfig({}, root), createLog('silent'));
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-cli-'));
  await writeFile(path.join(folder, 'notes.txt'), 'no picture');
});
afterAll(async () => {
  await composition.close();
  await rm(folder, { recursive: true, force: true });
});

async function run(...args: string[]) {
  const parsed = parseTagArguments(args);
  if (typeof parsed === 'string') throw new Error(parsed);
  const out: string[] = [];
  const err: string[] = [];
  const code = await tagFiles(
    composition.services,
    parsed,
    (line) => out.push(line),
    (line) => err.push(line),
  );
  return { code, out, err };
}

describe('tag', () => {
  test('a table: category, colour with its share, and what the model cannot decide', async () => {
    const { code, out } = await run(photo);
    expect(code).toBe(0);
    expect(out[0]).toBe(photo);
    expect(out.find((line) => line.startsWith('  category'))).toBeDefined();
    expect(out.find((line) => line.startsWith('  color'))).toMatch(/#[0-9a-f]{6}/);
    expect(out.some((line) => line.includes('cannot decide: '))).toBe(true);
  });

  test('JSON: one line a product, failures among them, and a failing exit code', async () => {
    const { code, out } = await run('--json', photo, path.join(folder, 'notes.txt'), '/nowhere/at-all.jpg');
    expect(code).toBe(1);
    const lines = out.map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ files: [photo], images: [{ status: 'ok' }] });
    expect(lines[1].error.code).toBe('image.unsupported_type');
    expect(lines[2].error).toEqual({ code: 'image.unreadable', detail: 'There is no such file.' });
  });

  test('several photos of one product; the bad one is named, the rest are tagged', async () => {
    const { code, out } = await run(
      '--one-product',
      '--category',
      'dress',
      photo,
      path.join(folder, 'notes.txt'),
    );
    expect(code).toBe(1);
    expect(out.join('\n')).toContain('Dress');
    expect(out.join('\n')).toContain('image.unsupported_type');
  });

  test('misuse is said in words', () => {
    expect(parseTagArguments([])).toBe('Name at least one photo.');
    expect(parseTagArguments(['--colour', 'a.jpg'])).toContain('--colour');
    expect(parseTagArguments(['--one-product', ...Array.from({ length: 9 }, () => 'a.jpg')])).toContain('8');
  });
});
