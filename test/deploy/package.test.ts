/** The packed folder: the same bytes whatever the clock, the modes and the order on disk; read by tar as by SageMaker. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { packFolder, packIntoFile } from '../../src/adapters/deploy/package-folder.ts';
import { gzipStored } from '../../src/adapters/deploy/ustar.ts';
import { command } from '../command.ts';
import { temporaryFolder, writeModelFolder } from './world.ts';

async function modelFolder(): Promise<string> {
  const folder = path.join(await temporaryFolder(), 'clip');
  await writeModelFolder(folder);
  return folder;
}

test('time, modes and the order of writing change nothing; a byte or a name changes everything', async () => {
  const first = await modelFolder();
  const packed = await packFolder(first);
  const second = path.join(await temporaryFolder(), 'clip');
  await mkdir(path.join(second, 'towers'), { recursive: true });
  for (const name of ['towers/image.py', 'serving.properties', 'model.py'])
    await writeFile(path.join(second, name), await readFile(path.join(first, name)));
  await chmod(path.join(second, 'model.py'), 0o700);
  await utimes(path.join(second, 'model.py'), 1, 1);
  const again = await packFolder(second);
  expect(Buffer.compare(again.bytes, packed.bytes)).toBe(0);
  expect(again.sha256).toBe(createHash('sha256').update(packed.bytes).digest('hex'));
  await writeFile(path.join(second, 'model.py'), 'pass\n');
  expect((await packFolder(second)).sha256).not.toBe(packed.sha256);
});

test('the bytes of a known folder are known: no version of Node or zlib may change them', async () => {
  const folder = path.join(await temporaryFolder(), 'clip');
  await mkdir(folder);
  await writeFile(path.join(folder, 'serving.properties'), 'engine=Python\n');
  await writeFile(path.join(folder, 'model.py'), 'def handle(inputs):\n    return None\n');
  expect((await packFolder(folder)).sha256).toBe(
    '604b173328dc96469f325f6cb8f0e27afab8e86626f5a2fbfc9a2165835cf588',
  );
});

test('tar unpacks it: one top folder, everything of use, nothing else', async () => {
  const folder = await modelFolder();
  const long = `${'a-long-name-for-a-folder/'.repeat(4)}${'x'.repeat(90)}.py`;
  for (const name of [
    ...['README.md', '.DS_Store', 'model.pyc', 'tests/test_model.py', 'test/one.py', '__pycache__/a.pyc'],
    ...['towers/__pycache__/image.pyc', 'docs/notes.md', 'weights/größe.bin', 'empty.txt', 'towers.py', long],
  ]) {
    await mkdir(path.join(folder, path.dirname(name)), { recursive: true });
    await writeFile(path.join(folder, name), name === 'empty.txt' ? '' : name);
  }
  const packed = await packFolder(folder);
  const place = await temporaryFolder();
  await writeFile(path.join(place, 'model.tar.gz'), packed.bytes);
  execFileSync('tar', ['-xzf', 'model.tar.gz'], { cwd: place });
  const listed = execFileSync('tar', ['-tvzf', 'model.tar.gz', '--numeric-owner'], {
    cwd: place,
    env: { ...process.env, TZ: 'UTC' },
  });
  const lines = listed.toString().trim().split('\n');
  expect(lines[0]).toMatch(/^drwxr-xr-x 0\/0 +0 1970-01-01 00:00 clip\/$/);
  expect(lines.every((line) => /^(drwxr-xr-x|-rw-r--r--) 0\/0 /.test(line))).toBe(true);
  // By bytes over the whole name: a dot comes before a slash, capitals before the rest, umlauts last.
  const names = [
    long,
    'empty.txt',
    'model.py',
    'serving.properties',
    'towers.py',
    'towers/image.py',
    'weights/größe.bin',
  ];
  expect(packed.files.map(({ name }) => name)).toEqual(names.map((name) => `clip/${name}`));
  for (const name of names) {
    const unpacked = await readFile(path.join(place, 'clip', name));
    expect(unpacked.equals(await readFile(path.join(folder, name)))).toBe(true);
  }
});

test('gzip of any length comes back whole', () => {
  for (const length of [0, 1, 511, 65_534, 65_535, 65_536, 131_070, 200_000]) {
    const bytes = Buffer.alloc(length, 'abc');
    expect(gunzipSync(gzipStored(bytes)).equals(bytes)).toBe(true);
  }
});

test('a folder of no model, a link and a name that no archive takes are refused in words', async () => {
  const folder = await modelFolder();
  await expect(packFolder(path.join(folder, 'towers'))).rejects.toThrow(
    'is no model folder: serving.properties and model.py',
  );
  await expect(packFolder(path.join(folder, 'nowhere'))).rejects.toThrow('is no model folder');
  await writeFile(path.join(folder, `${'n'.repeat(120)}.py`), '');
  await expect(packFolder(folder)).rejects.toThrow('too long for an archive');
  await symlink('/etc/passwd', path.join(folder, 'towers', 'secret'));
  await expect(packFolder(folder)).rejects.toThrow('links are not packed');
});

test('weights are packed along under the same rules, and count for the name of the file', async () => {
  const folder = await modelFolder();
  const weights = path.join(await temporaryFolder(), 'any-name');
  await mkdir(path.join(weights, '__pycache__'), { recursive: true });
  await writeFile(path.join(weights, 'config.json'), '{}');
  await writeFile(path.join(weights, 'README.md'), '# Card');
  await writeFile(path.join(weights, '__pycache__', 'a.pyc'), 'a');
  const to = path.join(await temporaryFolder(), 'not', 'there', 'yet');
  const packed = await packFolder(folder, weights);
  expect(packed.files.map(({ name }) => name)).toEqual([
    'clip/model.py',
    'clip/serving.properties',
    'clip/towers/image.py',
    'clip/weights/config.json',
  ]);
  const file = await packIntoFile(folder, weights, to);
  expect(file).toBe(path.join(to, `clip-${packed.sha256.slice(0, 12)}.tar.gz`));
  expect((await readFile(file)).equals(packed.bytes)).toBe(true);
  // The same as if they had lain there.
  await mkdir(path.join(folder, 'weights'));
  await writeFile(path.join(folder, 'weights', 'config.json'), '{}');
  expect((await packFolder(folder)).sha256).toBe(packed.sha256);
  await packIntoFile(folder, null, to);
  expect(await readdir(to)).toEqual([path.basename(file)]);
});

test('weights that are none, weights twice, too much of them and a place where nothing can be written', async () => {
  const folder = await modelFolder();
  const weights = await temporaryFolder();
  await expect(packFolder(folder, path.join(weights, 'nowhere'))).rejects.toThrow('is no folder of weights');
  await expect(packFolder(folder, path.join(folder, 'model.py'))).rejects.toThrow('is no folder of weights');
  await expect(packFolder(folder, weights)).rejects.toThrow('holds nothing that is packed');
  // A hole: nothing is written, and nothing may be read.
  await writeFile(path.join(weights, 'model.safetensors'), '');
  await truncate(path.join(weights, 'model.safetensors'), 3 * 2 ** 30);
  await expect(packFolder(folder, weights)).rejects.toThrow('more than 1 GiB');
  await truncate(path.join(weights, 'model.safetensors'), 1);
  await expect(packIntoFile(folder, weights, path.join(folder, 'model.py'))).rejects.toThrow(
    'cannot be written',
  );
  await mkdir(path.join(folder, 'weights'));
  await writeFile(path.join(folder, 'weights', 'config.json'), '{}');
  await expect(packFolder(folder, weights)).rejects.toThrow('has weights already');
});

test('as a command: the path and nothing else, exit code 2 where nothing was written', async () => {
  const to = await temporaryFolder();
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [command, 'deploy', 'clip', 'package', ...args], {
      encoding: 'utf8',
      // No credentials, no region: it must not need them.
      env: { PATH: process.env.PATH ?? '', HOME: to },
    });
  const made = run('--to', to);
  expect(made.stderr).toBe('');
  const packed = await packFolder(path.resolve('deploy/clip'));
  expect(made.stdout).toBe(`${path.join(to, `clip-${packed.sha256.slice(0, 12)}.tar.gz`)}\n`);
  expect((await readFile(made.stdout.trim())).equals(packed.bytes)).toBe(true);
  const refused = run('--to', to, '--weights', path.join(to, 'nowhere'));
  expect([refused.status, refused.stdout]).toEqual([2, '']);
  expect(refused.stderr).toContain('is no folder of weights');
});
