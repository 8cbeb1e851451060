/** Signed events at the door: every way in which a signature can be wrong, over real sockets where a header comes twice. */
import { createHmac, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createBodyVerifier,
  shopifyHeaders,
  wooHeaders,
} from '../../src/adapters/signatures/body-signature.ts';
import { createStandardVerifier } from '../../src/adapters/signatures/standard-webhooks.ts';
import { createReceiveEvent } from '../../src/application/receive-event.ts';
import { receiptSchema } from '../../src/http/wire-event.ts';
import { problemSchema } from '../../src/http/wire-schemas.ts';
import { taxonomy } from '../domain/tagging/small-world.ts';
import { createWorld, type World } from './fake-services.ts';

const key = Buffer.alloc(32, 7);
const older = Buffer.alloc(32, 8);
const whsec = (bytes: Buffer) => `whsec_${bytes.toString('base64')}`;
let world: World;
afterEach(() => world?.app.close());

async function opened(options: Parameters<typeof createWorld>[1] = {}) {
  world = await createWorld({}, options);
  const accepted: unknown[] = [];
  world.receive = createReceiveEvent({
    taxonomy: () => taxonomy,
    received: {
      async accept(events) {
        accepted.push(...events);
        return events.map(({ operationId }) => ({ operationId, status: 'accepted' }));
      },
      forget: async () => 0,
    },
    queue: { notify() {} },
    verifiers: {
      catalog: createStandardVerifier([whsec(key), whsec(older)], Date.now),
      shopify: createBodyVerifier(shopifyHeaders, ['new', 'old']),
      woocommerce: createBodyVerifier(wooHeaders, ['new']),
    },
    merchantFields: { shopify: 'color', woocommerce: 'color' },
    count: () => {},
    hash: (bytes) => createHmac('sha256', '').update(bytes).digest('hex'),
    clock: () => new Date().toISOString(),
    newId: randomUUID,
  });
  return accepted;
}

const event = JSON.stringify({ type: 'product.upserted', data: { productId: 'sku-1' } });
function standard(body: string, { secret = key, seconds = 0, id = 'evt_1' } = {}) {
  const timestamp = String(Math.floor(Date.now() / 1000) + seconds);
  const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
const signed = (body: string, secret: string) => createHmac('sha256', secret).update(body).digest('base64');
const post = (path: string, payload: string | Buffer, headers: Record<string, string>) =>
  world.app.inject({
    method: 'POST',
    url: `/webhooks/${path}`,
    payload,
    headers: { host: 'localhost', ...headers },
  });

describe('an event', () => {
  test.each([
    undefined,
    'application/json',
    'text/plain',
    'image/png',
    'multipart/form-data; boundary=x',
    'none',
  ])('as %s: the bytes count, not the type', async (type) => {
    const accepted = await opened();
    const answer = await post('catalog', event, {
      ...standard(event),
      ...(type ? { 'content-type': type } : {}),
    });
    expect([answer.statusCode, accepted.length]).toEqual([202, 1]);
    expect(receiptSchema.parse(answer.json()).status).toBe('accepted');
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('needs no key where there are keys, and stays out of what needs one', async () => {
    const keys = [{ id: 'a', scopes: ['read' as const], sha256: '0'.repeat(64) }];
    await opened({ keys });
    expect((await post('catalog', event, { ...standard(event), host: 'hangtag.example' })).statusCode).toBe(
      202,
    );
    const answer = await world.app.inject({ method: 'POST', url: '/products/sku/restore' });
    expect(answer.statusCode).toBe(401);
  });

  test('under an older secret is taken too', async () => {
    await opened();
    expect((await post('catalog', event, standard(event, { secret: older }))).statusCode).toBe(202);
    const body = '{"id":42}';
    for (const secret of ['new', 'old']) {
      const headers = { 'x-shopify-hmac-sha256': signed(body, secret), 'x-shopify-topic': 'products/delete' };
      expect((await post('shopify', body, headers)).statusCode).toBe(202);
    }
  });

  test('is refused', async () => {
    const accepted = await opened();
    const good = standard(event);
    const woo = { 'x-wc-webhook-topic': 'product.deleted', 'x-wc-webhook-source': 'https://shop.example' };
    const cases: [string, string, string, Record<string, string>][] = [
      ['unsigned', 'catalog', event, {}],
      ['tampered', 'catalog', `${event} `, good],
      ['another secret', 'catalog', event, standard(event, { secret: Buffer.alloc(32, 1) })],
      ['another id', 'catalog', event, { ...good, 'webhook-id': 'evt_2' }],
      ['stale', 'catalog', event, standard(event, { seconds: -301 })],
      ['ahead', 'catalog', event, standard(event, { seconds: 400 })],
      ['unsigned', 'shopify', '{"id":1}', { 'x-shopify-topic': 'products/delete' }],
      ['another shop’s', 'shopify', '{"id":1}', { 'x-shopify-hmac-sha256': signed('{"id":1}', 'x') }],
      ['unsigned', 'woocommerce', '{"id":1}', woo],
      ['a ping that says more', 'woocommerce', 'webhook_id=7&x=1', {}],
      ['a forged ping', 'woocommerce', 'webhook_id=7', { 'x-wc-webhook-signature': 'x' }],
      ['a ping elsewhere', 'shopify', 'webhook_id=7', {}],
    ];
    const details = new Map<string, Set<string>>();
    for (const [why, path, body, headers] of cases) {
      const answer = await post(path, body, headers);
      expect([answer.statusCode, why]).toEqual([403, why]);
      const problem = problemSchema.parse(answer.json());
      expect(problem.code).toBe('webhook.signature_invalid');
      const kind = why === 'stale' || why === 'ahead' ? 'clock' : 'other';
      details.set(kind, (details.get(kind) ?? new Set()).add(problem.detail));
    }
    // One refusal for all that a forger could learn from.
    expect([...details.values()].map((set) => set.size)).toEqual([1, 1]);
    expect(accepted).toEqual([]);
  });

  test('with a header twice, over a socket: it is not signed', async () => {
    await opened();
    await world.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = world.app.server.address() as AddressInfo;
    const send = (headers: Record<string, string | string[]>) =>
      new Promise<number | undefined>((resolve, reject) => {
        request({ port, host: '127.0.0.1', path: '/webhooks/catalog', method: 'POST', headers }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        })
          .on('error', reject)
          .end(event);
      });
    const good = standard(event);
    expect(await send(good)).toBe(202);
    for (const name of Object.keys(good) as (keyof typeof good)[])
      expect(await send({ ...good, [name]: [good[name], good[name]] })).toBe(403);
  });

  test('that is signed and cannot be read says what is wrong; too large a one is not read', async () => {
    await opened();
    for (const body of ['', '{', '[]', '\xff']) {
      const answer = await post('catalog', body, standard(body));
      expect([answer.statusCode, answer.json().code]).toEqual([422, 'event.malformed']);
    }
    const images = JSON.stringify({
      type: 'product.upserted',
      data: { productId: 'p', images: [{ base64: 'aGk=' }] },
    });
    const answer = await post('catalog', images, standard(images));
    expect([answer.statusCode, answer.json().detail]).toEqual([
      422,
      expect.stringContaining('/data/images/0/base64'),
    ]);
    const large = JSON.stringify({ data: 'x'.repeat(2 ** 20) });
    expect((await post('catalog', large, standard(large))).statusCode).toBe(413);
  });

  test('of no interest is answered all the same; WooCommerce’s ping too, with the 200 that it wants', async () => {
    const accepted = await opened();
    const order = JSON.stringify({ type: 'order.paid', data: {} });
    const answer = await post('catalog', order, standard(order));
    expect([answer.statusCode, answer.json()]).toEqual([202, { eventId: null, status: 'ignored' }]);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const ping = await post('woocommerce', 'webhook_id=7', form);
    expect([ping.statusCode, ping.json()]).toEqual([200, { eventId: null, status: 'ignored' }]);
    expect(accepted).toEqual([]);
  });

  test('where nobody may send: 404, a ping too', async () => {
    world = await createWorld();
    for (const path of ['catalog', 'shopify', 'woocommerce'])
      expect((await post(path, event, standard(event))).statusCode).toBe(404);
    expect((await post('woocommerce', 'webhook_id=7', {})).statusCode).toBe(404);
  });
});

test('restoring: the TagSet with its revision, or 404', async () => {
  await opened();
  const restore = (id: string) =>
    world.app.inject({ method: 'POST', url: `/products/${id}/restore`, headers: { host: 'localhost' } });
  const back = await restore('sku');
  expect([back.statusCode, back.headers.etag, back.json().revision]).toEqual([200, '"3"', 3]);
  expect((await restore('unknown')).json()).toMatchObject({ status: 404, code: 'product.not_found' });
});
