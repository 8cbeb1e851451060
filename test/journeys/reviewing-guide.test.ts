/** The commands of docs/reviewing.md, as they stand there, one after the other against the real service. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Service, startService } from './service.ts';

const root = path.resolve(import.meta.dirname, '../..');
let folder: string;
let service: Service;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-guide-'));
  // Its own embedded store, also where there is a server: the guide uses a fixed id.
  service = await startService({ DATA_DIR: folder });
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('every command works and does what the text says', async () => {
  const guide = await readFile(path.join(root, 'docs/reviewing.md'), 'utf8');
  const commands = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text!);
  expect(commands).toHaveLength(8);
  const script = commands.map((text) => `${text}\necho; echo ---`).join('\n');
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    env: {
      PATH: process.env.PATH,
      hangtag: service.url,
      photo: path.join(root, 'test/fixtures/images/tall.jpg'),
    },
  });
  const answers = stdout.split('\n---\n').map((text) => text.trim());
  const json = (index: number) => JSON.parse(answers[index]!);
  const said = {
    category: { source: 'human', values: [{ id: 't-shirt' }] },
    attributes: {
      color: { status: 'accepted', source: 'human', values: [{ id: 'navy' }, { id: 'white' }] },
      pattern: { status: 'cleared', source: 'human' },
      material: { status: 'abstained', source: 'human', rejected: ['denim'], reviewed: { by: 'ada' } },
    },
  };
  expect(json(0)).toMatchObject({ productId: 'sku-1', revision: 1 });
  expect(json(1)).toEqual({ items: [], next: null });
  expect(json(2)).toEqual({ items: [], next: null });
  expect(json(3)).toMatchObject({ revision: 2, ...said });
  expect(answers[4]).toBe('412');
  expect(json(5)).toMatchObject({ revision: 2, ...said });
  expect(json(6).items.map((one: { revision: number; cause: string }) => [one.revision, one.cause])).toEqual([
    [2, 'review'],
    [1, 'request'],
  ]);
  expect(answers[7]).toBe('');
  expect((await fetch(`${service.url}/products/sku-1/tags`)).status).toBe(404);
});
