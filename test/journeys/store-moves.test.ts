/**
 * The store moved as a user would: tagged and reviewed over HTTP, stopped, copied or backed up by the command, started
 * again elsewhere. The answers are the same. With real photos where there are some (HANGTAG_PHOTOS, or ../shared/photos
 * beside the checkout), else with plain ones.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase } from '../adapters/store/fresh-database.ts';
import { command } from '../command.ts';
import { longRuns } from '../long-runs.ts';
import { type Service, startService } from './service.ts';

const root = path.resolve(import.meta.dirname, '../..');
const server = process.env.TEST_DATABASE_URL;

async function photos(count: number): Promise<Buffer[]> {
  const folder = path.join(process.env.HANGTAG_PHOTOS ?? path.resolve(root, '../shared/photos'), 'images');
  const names = await readdir(folder).catch(() => []);
  if (names.length >= count)
    return Promise.all(names.slice(0, count).map((name) => readFile(path.join(folder, name))));
  return Promise.all(
    Array.from({ length: count }, (_, n) =>
      sharp({
        create: {
          width: 200,
          height: 260,
          channels: 3,
          background: { r: (n * 37) % 256, g: (n * 91) % 256, b: 60 },
        },
      })
        .jpeg()
        .toBuffer(),
    ),
  );
}

async function hangtag(settings: Readonly<Record<string, string>>, ...args: string[]) {
  const child = spawn(process.execPath, [command, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  child.stderr.on('data', (text) => {
    output += text;
  });
  const [code] = await once(child, 'close');
  return { code: code as number | null, output };
}

async function get(service: Service, where: string): Promise<string> {
  const answer = await fetch(`${service.url}${where}`);
  expect(answer.status, where).toBe(200);
  return answer.text();
}

const products = 12;
const ids = Array.from({ length: products }, (_, n) => `sku ${n}/ü`);

async function post(service: Service, id: string, body: Buffer): Promise<Response> {
  const headers = { 'content-type': 'image/jpeg' };
  return fetch(`${service.url}/products/${encodeURIComponent(id)}/tags`, { method: 'POST', headers, body });
}

async function everyAnswer(service: Service): Promise<readonly string[]> {
  const answers = [];
  for (const id of ids) {
    answers.push(await get(service, `/products/${encodeURIComponent(id)}/tags`));
    answers.push(await get(service, `/products/${encodeURIComponent(id)}/tags/history`));
  }
  // The position inside a cursor holds the time of asking.
  const list = async (query: string) =>
    JSON.stringify((JSON.parse(await get(service, `/products${query}`)) as { items: unknown }).items);
  return [...answers, await list('?limit=100'), await list('?sort=uncertainty&limit=5')];
}

/** Backups and copies have tests of their own in every run; the whole journey is made in the rings. */
describe.skipIf(!longRuns)('a store that moves', () => {
  let folder: string;
  let dataDir: string;
  let before: readonly string[];
  let pictures: Buffer[];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'hangtag-moves-'));
    dataDir = path.join(folder, 'data');
    pictures = await photos(products + 1);
    const service = await startService({ DATA_DIR: dataDir });
    for (const [n, id] of ids.entries()) expect((await post(service, id, pictures[n]!)).status).toBe(200);
    // A second revision, and a deleted product.
    expect((await post(service, ids[0]!, pictures[products]!)).status).toBe(200);
    await post(service, 'gone', pictures[1]!);
    expect((await fetch(`${service.url}/products/gone`, { method: 'DELETE' })).status).toBe(204);
    before = await everyAnswer(service);
    expect(before[0]).toContain('"revision":2');

    const refused = await hangtag(
      { DATA_DIR: dataDir },
      'store',
      'backup',
      '--to',
      path.join(folder, 'x.tar.gz'),
    );
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('Stop hangtag first') });
    // kill -9 rather than a stop: what was answered is what moves.
    await service.stop('SIGKILL');
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('backed up and restored into another folder', { timeout: 120_000 }, async () => {
    const file = path.join(folder, 'backup.tar.gz');
    const made = await hangtag({ DATA_DIR: dataDir }, 'store', 'backup', '--to', file);
    expect(made).toMatchObject({
      code: 0,
      output: expect.stringContaining(`the database and ${products + 1} pictures`),
    });
    const elsewhere = path.join(folder, 'elsewhere');
    const restored = await hangtag({ DATA_DIR: elsewhere }, 'store', 'restore', '--from', file);
    expect(restored).toMatchObject({ code: 0, output: expect.stringContaining('Start hangtag.') });
    const service = await startService({ DATA_DIR: elsewhere });
    try {
      expect(await everyAnswer(service)).toEqual(before);
      expect(await (await post(service, 'gone', pictures[2]!)).json()).toMatchObject({ revision: 2 });
    } finally {
      await service.stop();
    }
  });

  test.skipIf(!server)(
    'copied to PostgreSQL (needs TEST_DATABASE_URL), and served from there',
    { timeout: 120_000 },
    async () => {
      const database = await freshDatabase(server!);
      try {
        const copied = await hangtag({ DATA_DIR: dataDir }, 'store', 'copy', '--to', database.url);
        expect(copied).toMatchObject({ code: 0, output: expect.stringContaining('the same at both ends') });
        expect(copied.output).toContain(path.join(dataDir, 'originals'));
        const settings = { DATA_DIR: dataDir, DATABASE_URL: database.url };
        const told = await hangtag(settings, 'store', 'backup', '--to', path.join(folder, 'y.tar.gz'));
        expect(told).toMatchObject({ code: 1, output: expect.stringContaining('pg_dump') });
        const service = await startService(settings);
        try {
          expect(await everyAnswer(service)).toEqual(before);
          // The same picture changes nothing; another one, and a deleted product, count on.
          for (const [id, picture, revision] of [
            [ids[0]!, pictures[products]!, 2],
            [ids[0]!, pictures[1]!, 3],
            ['gone', pictures[2]!, 2],
          ] as const)
            expect(await (await post(service, id, picture)).json()).toMatchObject({ revision });
        } finally {
          await service.stop();
        }
        const again = await hangtag({ DATA_DIR: dataDir }, 'store', 'copy', '--to', database.url);
        expect(again).toMatchObject({ code: 1, output: expect.stringContaining('holds a finished copy') });
      } finally {
        await database.drop();
      }
    },
  );
});
