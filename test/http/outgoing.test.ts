/** `/changes`, `/admin/subscriptions` and `/admin/deliveries` at the door. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  changesSchema,
  createdSubscriptionSchema,
  deliveriesSchema,
  pingSchema,
  subscriptionSchema,
  subscriptionsSchema,
} from '../../src/http/wire-outgoing.ts';
import { fakeSubscription, knownId } from './fake-outgoing.ts';
import { createWorld, type World } from './fake-services.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.app.close());

async function call(method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object | string) {
  const answer = await world.app.inject({
    method,
    url,
    headers: { host: 'localhost' },
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: answer.statusCode, body: answer.body === '' ? null : answer.json(), raw: answer };
}
const strange = '00000000-0000-4000-8000-000000000000';

describe('GET /changes', () => {
  test('events, and where to go on; at the end too', async () => {
    const first = await call('GET', '/changes?limit=2');
    expect(first.status).toBe(200);
    expect(first.raw.headers['content-type']).toContain('application/json');
    const { items, next } = changesSchema.parse(first.body);
    expect(items).toMatchObject([
      { data: { productId: 'gid://ä \u0000' } },
      { data: { productId: 'gid://ä \u0000' } },
    ]);
    const second = changesSchema.parse((await call('GET', `/changes?after=${next}`)).body);
    expect(second).toEqual({ items: [], next });
  });

  test.each([
    ['/changes?after=nonsense', '/query/after'],
    ['/changes?limit=0', '/query/limit'],
    ['/changes?limit=201', '/query/limit'],
    ['/changes?cursor=x', '/query'],
  ])('%s is malformed', async (url, pointer) => {
    expect(await call('GET', url)).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
  });

  test('a cursor of another list is none of this one', async () => {
    const { body } = await call('GET', '/admin/deliveries');
    expect(await call('GET', `/changes?after=${body.next}`)).toMatchObject({ status: 400 });
  });
});

describe('/admin/subscriptions', () => {
  const wish = { url: 'https://shop.example.com/hooks', events: ['product.tagged'] };

  test('made, with its secret this once; listed without', async () => {
    const made = await call('POST', '/admin/subscriptions', { ...wish, maxPerSecond: 2.5 });
    expect(made.status).toBe(201);
    expect(createdSubscriptionSchema.parse(made.body)).toMatchObject({ maxPerSecond: 2.5 });
    expect(made.raw.headers['cache-control']).toBe('no-store');
    const listed = await call('GET', '/admin/subscriptions');
    subscriptionsSchema.parse(listed.body);
    expect(listed.raw.body).not.toContain('whsec');
  });

  test.each([
    [{ ...wish, events: [] }, '/events'],
    [{ ...wish, events: ['product.sold'] }, '/events/0'],
    [{ events: ['product.tagged'] }, '/url'],
    [{ ...wish, maxPerSecond: 0 }, '/maxPerSecond'],
    [{ ...wish, secret: 'mine' }, '/'],
  ])('%j is malformed', async (payload, pointer) => {
    expect(await call('POST', '/admin/subscriptions', payload)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer }] },
    });
  });

  test('an address inside is refused', async () => {
    expect(await call('POST', '/admin/subscriptions', { ...wish, url: 'https://10.0.0.1/' })).toMatchObject({
      status: 422,
      body: { code: 'subscription.refused' },
    });
  });

  test('tried, enabled, removed; one that is not there', async () => {
    const of = (id: string) => `/admin/subscriptions/${id}`;
    pingSchema.parse((await call('POST', `${of(knownId)}/test`)).body);
    expect(subscriptionSchema.parse((await call('POST', `${of(knownId)}/enable`)).body)).toEqual(
      fakeSubscription,
    );
    for (const id of [strange, 'nonsense']) {
      for (const verb of ['test', 'enable'])
        expect(await call('POST', `${of(id)}/${verb}`)).toMatchObject({
          status: 404,
          body: { code: 'subscription.not_found' },
        });
      expect(await call('DELETE', of(id))).toMatchObject({ status: 204, body: null });
    }
  });
});

describe('/admin/deliveries', () => {
  test('pages with their conditions', async () => {
    const url = `/admin/deliveries?subscription=${knownId}&state=waiting`;
    const { next } = deliveriesSchema.parse((await call('GET', url)).body);
    expect(deliveriesSchema.parse((await call('GET', `${url}&cursor=${next}`)).body).next).toBeNull();
    expect(await call('GET', `/admin/deliveries?cursor=${next}`)).toMatchObject({ status: 400 });
    expect(await call('GET', '/admin/deliveries?subscription=x')).toMatchObject({ status: 400 });
    expect(await call('GET', '/admin/deliveries?state=lost')).toMatchObject({ status: 400 });
  });

  test('sent again', async () => {
    expect(await call('POST', `/admin/deliveries/${knownId}/retry`)).toMatchObject({ status: 202 });
    for (const id of [strange, 'nonsense'])
      expect(await call('POST', `/admin/deliveries/${id}/retry`)).toMatchObject({
        status: 404,
        body: { code: 'delivery.not_found' },
      });
  });
});
