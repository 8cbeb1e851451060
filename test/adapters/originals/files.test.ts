/** What only the folder of files has: its layout, its leftovers, and the disk underneath. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFileOriginals } from '../../../src/adapters/originals/files.ts';
import { digest } from '../../contracts/originals.contract.ts';

const bytes = new TextEncoder().encode('a picture');
const sha256 = digest(bytes);
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'hangtag-originals-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('files are sharded, private, and leave no draft behind', async () => {
  await (await createFileOriginals({ directory })).put(sha256, bytes);
  const file = path.join(directory, sha256.slice(0, 2), sha256);
  expect(readFileSync(file)).toEqual(Buffer.from(bytes));
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
  expect(readdirSync(path.join(directory, 'drafts'))).toEqual([]);
});

test('a second put of the same picture writes nothing', async () => {
  const originals = await createFileOriginals({ directory });
  await originals.put(sha256, bytes);
  const file = path.join(directory, sha256.slice(0, 2), sha256);
  const before = statSync(file).ino;
  await originals.put(sha256, bytes);
  expect(statSync(file).ino).toBe(before);
});

test('a file that the disk cut short is written again', async () => {
  const originals = await createFileOriginals({ directory });
  await originals.put(sha256, bytes);
  writeFileSync(path.join(directory, sha256.slice(0, 2), sha256), 'a pic');
  await originals.put(sha256, bytes);
  expect(Buffer.from((await originals.get(sha256))!)).toEqual(Buffer.from(bytes));
});

test('drafts of a crash are swept at the next start, those of a running process are not', async () => {
  await createFileOriginals({ directory });
  const old = path.join(directory, 'drafts', 'old');
  const young = path.join(directory, 'drafts', 'young');
  writeFileSync(old, 'half a pict');
  writeFileSync(young, 'half a pict');
  const past = new Date(Date.now() - 3_600_000);
  utimesSync(old, past, past);
  await createFileOriginals({ directory });
  expect(readdirSync(path.join(directory, 'drafts'))).toEqual(['young']);
});

test('a disk that refuses is store.unavailable, with the cause kept and no draft left', async () => {
  const originals = await createFileOriginals({ directory });
  writeFileSync(path.join(directory, sha256.slice(0, 2)), 'in the way');
  const refusal = { code: 'store.unavailable', cause: { code: expect.stringMatching(/^E[A-Z]+$/) } };
  await expect(originals.put(sha256, bytes)).rejects.toMatchObject(refusal);
  await expect(originals.get(sha256)).rejects.toMatchObject(refusal);
  expect(readdirSync(path.join(directory, 'drafts'))).toEqual([]);
});

test('a folder that cannot be made is store.unavailable', async () => {
  writeFileSync(path.join(directory, 'file'), '');
  await expect(createFileOriginals({ directory: path.join(directory, 'file') })).rejects.toMatchObject({
    code: 'store.unavailable',
  });
});
