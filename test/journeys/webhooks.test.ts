/** Shops that tell of their products, as they know it: the real service, and a server of pictures; and the commands of docs/integrations. */
import { execFile } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { longRuns } from '../long-runs.ts';
import { type OwnDatabase, ownDatabase } from './own-database.ts';
import { type Service, startService } from './service.ts';

const root = path.resolve(import.meta.dirname, '../..');
const photo = await readFile(path.join(root, 'test/fixtures/images/tall.jpg'));
const key = Buffer.alloc(32, 5);
const secret = `whsec_${key.toString('base64')}`;
let server: Server;
let images = '';
const sent: string[] = [];
let database: OwnDatabase;
let folder: string;
let service: Service;

beforeAll(async () => {
  server = createServer((request, response) => {
    const same = request.headers['if-none-match'] === '"1"';
    sent.push(`${request.url} ${same ? 304 : 200}`);
    response.writeHead(same ? 304 : 200, { 'content-type': 'image/jpeg', etag: '"1"' });
    response.end(same ? undefined : Buffer.concat([photo, Buffer.from(request.url ?? '')]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  images = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  database = await ownDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-webhooks-'));
  service = await startService({
    ...database.settings,
    DATA_DIR: folder,
    FETCH_ALLOW_ORIGINS: images,
    WEBHOOK_SECRET_CATALOG: secret,
    WEBHOOK_SECRET_SHOPIFY: 'hush',
    WEBHOOK_SECRET_WOOCOMMERCE: 'hush',
  });
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await database?.drop();
  server?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

interface Receipt {
  readonly eventId: string | null;
  readonly status: string;
  readonly code?: string;
}
async function post(shop: string, body: string, headers: Record<string, string>) {
  const answer = await fetch(`${service.url}/webhooks/${shop}`, { method: 'POST', body, headers });
  return { status: answer.status, body: (await answer.json()) as Receipt };
}
function catalog(type: string, minute: number, data: object) {
  const body = JSON.stringify({ type, timestamp: `2026-11-20T10:${minute}:00Z`, data });
  const id = randomUUID();
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return post('catalog', body, {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  });
}
function shopify(topic: string, product: object) {
  const body = JSON.stringify(product);
  return post('shopify', body, {
    'x-shopify-topic': topic,
    'x-shopify-webhook-id': randomUUID(),
    'x-shopify-hmac-sha256': createHmac('sha256', 'hush').update(body).digest('base64'),
  });
}
async function worked(answer: { readonly status: number; readonly body: Receipt }) {
  expect([answer.status, answer.body.status]).toEqual([202, 'accepted']);
  return vi.waitFor(
    async () => {
      const operation = await (await fetch(`${service.url}/operations/${answer.body.eventId}`)).json();
      expect(operation).toMatchObject({ state: 'done' });
      return operation as { readonly revision: number | null };
    },
    { timeout: 20_000, interval: 50 },
  );
}
const at = (id: string, rest = '/tags') => `${service.url}/products/${encodeURIComponent(id)}${rest}`;
const tags = async (id: string) => (await fetch(at(id))).json();
async function inferences() {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return Number(/^hangtag_stage_duration_seconds_count\{stage="inference"\} (\d+)/m.exec(text)?.[1] ?? 0);
}

test('pictures and words, then words alone, out of order, deleted, restored', async () => {
  const first = { productId: 'sku', title: 'Tee', images: [{ url: `${images}/a.jpg?sig=hush` }] };
  const made = await catalog('product.upserted', 10, { ...first, attributes: { color: ['Navy'] } });
  expect(await worked(made)).toMatchObject({ revision: 1 });
  expect(await tags('sku')).toMatchObject({
    title: 'Tee',
    category: { source: 'model', values: [{ id: 't-shirt' }] },
    attributes: { color: { source: 'merchant', values: [{ id: 'navy', name: 'Navy' }] } },
    images: [{ status: 'ok' }],
  });

  const before = await inferences();
  await worked(await catalog('product.upserted', 30, { productId: 'sku', attributes: { color: ['red'] } }));
  await worked(await catalog('product.upserted', 20, { productId: 'sku', attributes: { color: ['white'] } }));
  await worked(await catalog('product.upserted', 40, first));
  expect(await tags('sku')).toMatchObject({ attributes: { color: { values: [{ id: 'red' }] } } });
  expect(await inferences()).toBe(before);
  expect(sent).toEqual(['/a.jpg?sig=hush 200', '/a.jpg?sig=hush 304']);
  const standing = await tags('sku');

  expect(await worked(await catalog('product.deleted', 50, { productId: 'sku' }))).toMatchObject({
    revision: null,
  });
  expect((await fetch(at('sku'))).status).toBe(404);
  expect((await fetch(at('sku', '/tags/history'))).status).toBe(404);
  expect(await (await fetch(`${service.url}/products`)).json()).toEqual({ items: [], next: null });
  const restored = await fetch(at('sku', '/restore'), { method: 'POST' });
  expect([restored.status, await restored.json()]).toEqual([200, standing]);
  expect(await tags('sku')).toEqual(standing);
  expect((await fetch(at('sku', '/restore'), { method: 'POST' })).status).toBe(404);

  expect((await fetch(at('sku', ''), { method: 'DELETE' })).status).toBe(204);
  expect(await worked(await catalog('product.upserted', 55, first))).toMatchObject({ revision: null });
  expect((await fetch(at('sku'))).status).toBe(404);
  expect(service.log()).not.toContain('hush');
});

test('a shop’s own webhook: colours are variants; a replay is a duplicate; a forged deletion is refused', async () => {
  const product = {
    id: 7,
    title: 'Tee',
    product_type: 'T-Shirt',
    updated_at: '2026-11-20T05:00:00-05:00',
    options: [{ name: 'Color', position: 1 }],
    variants: [
      { id: 1, option1: 'Navy' },
      { id: 2, option1: 'White' },
    ],
    images: [
      { id: 1, position: 1, src: `${images}/navy.jpg`, variant_ids: [1] },
      { id: 2, position: 2, src: `${images}/white.jpg`, variant_ids: [2] },
    ],
  };
  const id = 'gid://shopify/Product/7';
  const made = await shopify('products/update', product);
  await worked(made);
  const again = await shopify('products/update', product);
  expect(again.body).toEqual({ eventId: made.body.eventId, status: 'duplicate' });
  const tagSet = (await tags(id)) as { variants: { key: string; images: number[]; attributes: unknown }[] };
  expect(tagSet).toMatchObject({ category: { source: 'merchant', values: [{ id: 't-shirt' }] } });
  expect(tagSet.variants).toMatchObject([
    { key: 'Navy', images: [0], attributes: { color: { source: 'merchant', values: [{ id: 'navy' }] } } },
    { key: 'White', images: [1], attributes: { color: { source: 'merchant', values: [{ id: 'white' }] } } },
  ]);

  expect(await shopify('products/delete', product)).toMatchObject({
    status: 422,
    body: { code: 'event.topic_mismatch' },
  });
  expect(await tags(id)).toEqual(tagSet);
  await worked(await shopify('products/delete', { id: 7 }));
  expect((await fetch(at(id))).status).toBe(404);
  await worked(await shopify('products/create', { ...product, updated_at: new Date().toISOString() }));
  expect(await tags(id)).toMatchObject({ revision: 2 });
  // The same body as before, and a new deletion all the same.
  await worked(await shopify('products/delete', { id: 7 }));
  expect((await fetch(at(id))).status).toBe(404);
});

const guides = [
  ['generic', secret, ['accepted', 'duplicate', 'accepted', '"productId":"sku-1"']],
  ['shopify', 'hush', ['accepted', 'event.topic_mismatch', '"source":"merchant"']],
  ['woocommerce', 'hush', ['accepted', '"status":"ignored"', 'event.topic_mismatch', 'accepted']],
] as const;
// One of them each time, all of them in the rings.
test.each(longRuns ? guides : guides.slice(0, 1))(
  'every command of docs/integrations/%s.md works and does what the text says',
  async (name, signing, answers) => {
    const guide = await readFile(path.join(root, `docs/integrations/${name}.md`), 'utf8');
    const commands = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text!);
    // A reader is slower than a script: each command finds the work of the one before it done.
    const done =
      'until curl -s $hangtag/metrics | grep "^hangtag_work_waiting 0" > /dev/null; do sleep 0.2; done; sleep 1';
    const script = commands.map((text) => `${text}\necho; echo ---\n${done}`).join('\n');
    const env = { PATH: process.env.PATH, hangtag: service.url, secret: signing };
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
      env,
      timeout: 25_000,
    });
    const shown = stdout.split('\n---\n').map((text) => text.trim());
    const said = shown.filter((text) => text !== '');
    expect(said).toHaveLength(answers.length);
    for (const [index, wanted] of answers.entries()) expect(said[index]).toContain(wanted);
  },
);
