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
  test('everything at once, as the caller said it', async () => {
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
          set: { fabric: ['denim'], color: ['navy'] },
          clear: ['fabric'],
          accept: ['fabric/denim', 'neckline'],
          reject: ['fabric/silk'],
          reset: ['fabric'],
          category: 'dress',
          variant: 'red',
          by: 'Ada',
        },
        [3],
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

  test.each<[string, number]>([
    ['"1", "3"', 200],
    [' "3" ,, W/"7"', 200],
    // Strong comparison: a weak tag matches nothing, and neither does one that is no revision of ours.
    ['W/"3"', 412],
    ['"1", "2"', 412],
    ['"x", "03", "3.0", ""', 412],
    ['"99999999999999999999"', 412],
  ])('If-Match %j: %d', async (header, status) => {
    const answer = await patch({ accept: ['color'] }, { 'if-match': header });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers.etag).toBe('"3"');
  });

  test.each(['3', '"3', '"3" "4"', 'w/"3"', '', ' , ', '*, "3"'])(
    'If-Match %j is no list of tags',
    async (header) => {
      expect((await patch({ accept: ['color'] }, { 'if-match': header })).statusCode).toBe(400);
      expect(world.reviewed).toEqual([]);
    },
  );

  test.each<[object, string[]]>([
    [{ set: { color: 'navy' } }, ['/set/color']],
    [{ accept: 'color' }, ['/accept']],
    [{ clear: [''], reject: [1] }, ['/clear/0', '/reject/0']],
    [{ by: 'a\u0007' }, ['/by']],
    [{ set: { 'a/b~': 1 } }, ['/set/a~1b~0']],
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

  test('more than anybody says of one product', async () => {
    const set = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`a${index}`, ['b']]));
    const answer = await patch({ set });
    expect([answer.statusCode, answer.json().code]).toEqual([413, 'request.too_large']);
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
    // A cursor belongs to its product.
    const other = await call('GET', `/products/another/tags/history?cursor=${first.next}`);
    expect(pointers(other)).toEqual(['/query/cursor']);
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
    // The size of a page may change on the way; what is asked may not.
    expect(
      (await call('GET', `/products?${query.replace('limit=2', 'limit=9')}&cursor=${next}`)).statusCode,
    ).toBe(200);
    for (const other of ['', query.replace('uncertainty', 'updated'), query.replace('pending', 'done')]) {
      expect(pointers(await call('GET', `/products?${other}&cursor=${next}`))).toEqual(['/query/cursor']);
    }
  });

  test('a cursor that was changed by one character is refused, wherever', async () => {
    const { next } = (await call('GET', '/products')).json() as { next: string };
    expect((await call('GET', `/products?cursor=${next}`)).statusCode).toBe(200);
    for (let index = 0; index < next.length; index++) {
      const other = `${next.slice(0, index)}${next[index] === 'A' ? 'B' : 'A'}${next.slice(index + 1)}`;
      expect((await call('GET', `/products?cursor=${other}`)).statusCode).toBe(400);
    }
    for (const other of [next.slice(0, -1), `${next}A`, `${next}.`, `${next}==`, `+${next}`, '.', ' ']) {
      expect((await call('GET', `/products?cursor=${encodeURIComponent(other)}`)).statusCode).toBe(400);
    }
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
