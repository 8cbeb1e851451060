import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createWorld, type World } from './fake-services.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.app.close());

const call = (method: 'GET' | 'PATCH' | 'DELETE', url: string, payload?: object, headers = {}) =>
  world.app.inject({
    method,
    url,
    headers: { host: 'localhost', ...headers },
    ...(payload ? { payload } : {}),
  });
const patch = (payload: object, headers = {}, id = 'sku') =>
  call('PATCH', `/products/${id}/tags`, payload, headers);
const pointers = (answer: { json(): { errors: { pointer: string }[] } }) =>
  answer.json().errors.map(({ pointer }) => pointer);

describe('PATCH /products/:id/tags', () => {
  test('everything at once; fabric is material wherever an attribute is named', async () => {
    const answer = await patch(
      {
        set: { fabric: ['denim'], color: ['navy'] },
        clear: ['fabric'],
        accept: ['fabric/denim', 'neckline'],
        reject: ['fabric/silk'],
        reset: ['fabric'],
        category: 'dress',
        variant: 'red',
        by: ' Ada ',
      },
      { 'if-match': '"3"' },
      'gid:%2F%2Fshop%2F1',
    );
    expect(answer.statusCode).toBe(200);
    expect(answer.headers.etag).toBe('"3"');
    expect(answer.json()).toMatchObject({ apiVersion: 1, productId: 'gid://shop/1' });
    expect(world.reviewed).toEqual([
      [
        'gid://shop/1',
        {
          set: { material: ['denim'], color: ['navy'] },
          clear: ['material'],
          accept: ['material/denim', 'neckline'],
          reject: ['material/silk'],
          reset: ['material'],
          category: 'dress',
          variant: 'red',
          by: 'Ada',
        },
        3,
      ],
    ]);
  });

  test('another revision stands: 412, which names it', async () => {
    const answer = await patch({ accept: ['color'] }, { 'if-match': '"2"' });
    expect(answer.statusCode).toBe(412);
    expect(answer.json()).toMatchObject({ code: 'revision.conflict', revision: 3 });
    expect(answer.headers.etag).toBe('"3"');
  });

  test.each([undefined, '*'])('If-Match %s: any revision', async (header) => {
    await patch({ accept: ['color'] }, header ? { 'if-match': header } : {});
    expect(world.reviewed[0]?.[2]).toBeNull();
  });

  test.each(['3', '"x"', 'W/"3"', '"1", "2"', ''])('If-Match %j is refused', async (header) => {
    expect((await patch({ accept: ['color'] }, { 'if-match': header })).statusCode).toBe(400);
    expect(world.reviewed).toEqual([]);
  });

  test.each<[object, string[]]>([
    [{ set: { color: 'navy' } }, ['/set/color']],
    [{ accept: 'color' }, ['/accept']],
    [{ clear: [''], reject: [1] }, ['/clear/0', '/reject/0']],
    [{ by: 'a\u0007' }, ['/by']],
    [{ set: { fabric: ['a'], material: ['b'] } }, ['/set/fabric']],
  ])('%j is malformed', async (body, expected) => {
    const answer = await patch(body);
    expect(answer.statusCode).toBe(400);
    expect(pointers(answer)).toEqual(expected);
  });

  test.each([[{ colour: [] }], [[]]])('%j is not a review', async (body) => {
    expect((await patch(body)).statusCode).toBe(400);
  });

  test('a picture is not a review, and neither is nothing', async () => {
    const image = await world.app.inject({
      method: 'PATCH',
      url: '/products/sku/tags',
      headers: { host: 'localhost', 'content-type': 'image/png' },
      payload: Buffer.from('pixels'),
    });
    expect([image.statusCode, (await call('PATCH', '/products/sku/tags')).statusCode]).toEqual([400, 400]);
  });

  test('an unknown product', async () => {
    expect((await patch({ accept: ['color'] }, {}, 'unknown')).statusCode).toBe(404);
  });
});

describe('GET /products/:id/tags/history', () => {
  const url = '/products/sku/tags/history';

  test('pages, on the wire as everywhere', async () => {
    const first = (await call('GET', url)).json();
    expect(first.items).toMatchObject([
      { revision: 3, cause: 'review', at: 'now', tagSet: { apiVersion: 1 } },
    ]);
    const second = await call('GET', `${url}?limit=7&cursor=${first.next}`);
    expect(second.json().next).toBeNull();
    expect(world.listed).toEqual([
      ['sku', 50, null],
      ['sku', 7, 3],
    ]);
  });

  test.each(['limit=0', 'limit=201', 'limit=1e2', 'cursor=e30', 'cursor=!!', 'page=2', 'limit=1&limit=2'])(
    '%s is refused',
    async (query) => {
      const answer = await call('GET', `${url}?${query}`);
      expect(answer.statusCode).toBe(400);
      expect(world.listed).toEqual([]);
    },
  );

  test('an unknown product', async () => {
    expect((await call('GET', '/products/unknown/tags/history')).statusCode).toBe(404);
  });
});

describe('GET /products', () => {
  test('without a question: everything, latest first', async () => {
    const answer = await call('GET', '/products');
    expect(answer.json()).toMatchObject({ items: [{ apiVersion: 1, productId: 'one' }] });
    expect(world.listed).toEqual([
      { category: null, tags: [], review: null, failed: false, sort: 'updated', limit: 50, after: null },
    ]);
  });

  test('every condition; the same attribute any, different ones all; the cursor goes on', async () => {
    const query =
      'category=T-shirt&attribute=color/navy&attribute=fabric/denim&attribute=color/white&review=pending&status=failed&sort=uncertainty&limit=2';
    const { next } = (await call('GET', `/products?${query}`)).json();
    expect((await call('GET', `/products?${query}&cursor=${next}`)).json().next).toBeNull();
    const question = {
      category: 't-shirt',
      tags: [['color/navy', 'color/white'], ['material/denim']],
      review: 'pending',
      failed: true,
      sort: 'uncertainty',
      limit: 2,
    };
    expect(world.listed).toEqual([
      { ...question, after: null },
      { ...question, after: { key: 0.25, productId: 'gid://ä', asOf: 2 } },
    ]);
    // A cursor belongs to its order.
    expect(pointers(await call('GET', `/products?cursor=${next}`))).toEqual(['/query/cursor']);
  });

  test.each<[string, string[]]>([
    ['category=spaceship', ['/query/category']],
    ['category=', ['/query/category']],
    ['attribute=color', ['/query/attribute/0']],
    [
      'attribute=color/navy&attribute=color/mauve2&attribute=x/y',
      ['/query/attribute/1', '/query/attribute/2'],
    ],
    ['attribute=color/navy/x', ['/query/attribute/0']],
    ['attribute=image-view/front', ['/query/attribute/0']],
    ['review=open', ['/query/review']],
    ['status=done', ['/query/status']],
    ['sort=name', ['/query/sort']],
    ['limit=1000', ['/query/limit']],
    ['cursor=bm90IGpzb24', ['/query/cursor']],
    ['color=navy', ['/query']],
  ])('%s is refused', async (query, expected) => {
    const answer = await call('GET', `/products?${query}`);
    expect(answer.statusCode).toBe(400);
    expect(pointers(answer)).toEqual(expected);
  });
});

describe('DELETE /products/:id', () => {
  test('204, whoever it was', async () => {
    const answer = await call('DELETE', '/products/gid:%2F%2Fshop%2F1');
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    expect(world.deleted).toEqual(['gid://shop/1']);
  });

  test('a path is not a product', async () => {
    expect((await call('DELETE', '/products/%2e%2e')).statusCode).not.toBe(204);
    expect(world.deleted).toEqual([]);
  });
});
