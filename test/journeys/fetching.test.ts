/** Pictures by URL, as a caller knows it: a real service, and a server of pictures that counts what it sends. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type OwnDatabase, ownDatabase } from './own-database.ts';
import { type Service, startService } from './service.ts';

const photo = await readFile(path.resolve(import.meta.dirname, '../fixtures/images/tall.jpg'));
let server: Server;
let images = '';
let down = false;
const sent: string[] = [];
let database: OwnDatabase;
let folder: string;
let service: Service;

beforeAll(async () => {
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    const done = (status: number, headers: Record<string, string> = {}, body?: Uint8Array) => {
      sent.push(`${pathname} ${status}`);
      response.writeHead(status, headers).end(body);
    };
    if (down) done(503);
    else if (pathname === '/inside.jpg') done(302, { location: 'http://169.254.169.254/latest/meta-data/' });
    else if (pathname === '/page.jpg') done(200, { 'content-type': 'text/html' }, Buffer.from('<p>'));
    else if (pathname === '/text.jpg') done(200, { 'content-type': 'image/jpeg' }, Buffer.from('no picture'));
    else if (!pathname.startsWith('/photo')) done(404);
    else if (request.headers['if-none-match'] === '"p1"') done(304);
    else
      done(
        200,
        { 'content-type': 'image/jpeg', etag: '"p1"' },
        Buffer.concat([photo, Buffer.from(pathname)]),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  images = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  database = await ownDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-fetching-'));
  service = await startService({ ...database.settings, DATA_DIR: folder, FETCH_ALLOW_ORIGINS: images });
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await database?.drop();
  server?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

interface Answer {
  readonly id: string;
  readonly code?: string;
  readonly revision: number;
  readonly category: unknown;
  readonly attributes: unknown;
  readonly images: readonly { readonly status: string; readonly error?: { readonly code: string } }[];
}
async function tag(id: string, names: readonly string[], more = '') {
  const answer = await fetch(`${service.url}/products/${id}/tags${more}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      images: names.map((name) => ({ url: name.includes(':') ? name : images + name })),
    }),
  });
  return { status: answer.status, body: (await answer.json()) as Answer };
}

test('a picture by URL is tagged like one that was sent, and not sent again while it is the same', async () => {
  const first = await tag('sku', ['/photo.jpg?sig=hush']);
  expect([first.status, first.body.images[0]?.status]).toEqual([200, 'ok']);
  const again = await tag('sku', ['/photo.jpg?sig=hush']);
  expect([again.status, again.body.revision]).toEqual([200, 1]);
  expect(sent).toEqual(['/photo.jpg 200', '/photo.jpg 304']);
  const uploaded = await fetch(`${service.url}/products/other/tags?store=false`, {
    method: 'POST',
    headers: { 'content-type': 'image/jpeg' },
    body: Buffer.concat([photo, Buffer.from('/photo.jpg')]),
  });
  const { category, attributes } = (await uploaded.json()) as Answer;
  expect([first.body.category, first.body.attributes]).toEqual([category, attributes]);
});

test('its product deleted, nothing is remembered of it', async () => {
  sent.length = 0;
  await tag('gone', ['/photo-gone.jpg']);
  expect((await fetch(`${service.url}/products/gone`, { method: 'DELETE' })).status).toBe(204);
  await tag('gone', ['/photo-gone.jpg']);
  expect(sent).toEqual(['/photo-gone.jpg 200', '/photo-gone.jpg 200']);
});

test('what cannot be had fails alone, with its reason and without its query', async () => {
  const names = [
    '/photo.jpg',
    '/none.jpg?sig=hush',
    '/inside.jpg',
    '/page.jpg',
    '/text.jpg',
    'https://10.0.0.1/a.jpg?sig=hush',
    'http:not',
  ];
  const { status, body } = await tag('mixed', names);
  expect(status).toBe(200);
  expect(body.images.map(({ error }) => error?.code ?? 'ok')).toEqual([
    'ok',
    'image.fetch_failed',
    'image.fetch_refused',
    'image.fetch_failed',
    'image.unsupported_type',
    'image.fetch_refused',
    'image.fetch_refused',
  ]);
  expect(JSON.stringify(body)).not.toContain('hush');
  const refused = await tag('refused', ['https://localhost/a.jpg']);
  expect([refused.status, refused.body.code]).toEqual([422, 'image.fetch_refused']);
  const bucket = await fetch(`${service.url}/products/b/tags`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ images: [{ s3: 's3://catalog/a.jpg' }] }),
  });
  expect(await bucket.json()).toMatchObject({
    status: 422,
    code: 'image.fetch_refused',
    detail: expect.stringContaining('S3_ALLOW_PREFIXES'),
  });
});

test('a server that is down: refused now, and done later where it was accepted', async () => {
  down = true;
  const now = await tag('later', ['/photo-later.jpg']);
  expect([now.status, now.body.code]).toEqual([422, 'image.fetch_failed']);
  const accepted = await tag('later', ['/photo-later.jpg'], '?async=true');
  expect(accepted.status).toBe(202);
  const operation = async () => (await fetch(`${service.url}/operations/${accepted.body.id}`)).json();
  await vi.waitFor(
    async () =>
      expect(await operation()).toMatchObject({
        state: 'queued',
        error: { code: 'image.fetch_unavailable' },
      }),
    { timeout: 15_000, interval: 100 },
  );
  down = false;
  await vi.waitFor(async () => expect(await operation()).toMatchObject({ state: 'done', revision: 1 }), {
    timeout: 30_000,
    interval: 100,
  });
  expect(service.log()).not.toContain('hush');
}, 60_000);
