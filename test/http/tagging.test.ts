import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HangtagError } from '../../src/domain/errors.ts';
import { isReference } from '../../src/domain/image-reference.ts';
import { createWorld, form, type Part, photo, sampleTagSet, type World } from './fake-services.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.app.close());

const host = 'localhost';
const post = (url: string, options: { payload?: unknown; headers?: Record<string, string> } = {}) =>
  world.app.inject({
    method: 'POST',
    url,
    headers: { host, ...options.headers },
    payload: options.payload as Buffer,
  });
const send = (parts: readonly Part[], url = '/products/sku/tags') => post(url, form(parts));
const texts = () =>
  world.asked
    .at(-1)!
    .images.map(({ content }) =>
      content instanceof HangtagError
        ? content.code
        : isReference(content)
          ? Object.values(content).join(' ')
          : Buffer.from(content).toString(),
    );

describe('forms', () => {
  test('images, fields and their order', async () => {
    const answer = await send([
      { name: 'views', content: 'front,back' },
      photo('one'),
      { name: 'title', content: ' A tee ' },
      photo('two'),
      { name: 'variants', content: 'red,blue' },
      { name: 'category', content: 'T-shirt' },
    ]);
    expect(answer.statusCode).toBe(200);
    expect(texts()).toEqual(['one', 'two']);
    expect(world.asked[0]).toMatchObject({
      productId: 'sku',
      title: 'A tee',
      category: 'T-shirt',
      images: [
        { view: 'front', variant: 'red' },
        { view: 'back', variant: 'blue' },
      ],
    });
  });

  test.each<[string, Part[], number, string]>([
    ['no image', [{ name: 'title', content: 'x' }], 400, 'image.missing'],
    ['nine images', Array.from({ length: 9 }, () => photo()), 413, 'image.too_many'],
    ['an unknown field', [photo(), { name: 'colour', content: 'x' }], 400, 'request.malformed'],
    ['a file under another name', [{ ...photo(), name: 'photo' }], 400, 'request.malformed'],
    [
      'a field twice',
      [photo(), { name: 'title', content: 'a' }, { name: 'title', content: 'b' }],
      400,
      'request.malformed',
    ],
    ['too few views', [photo(), photo(), { name: 'views', content: 'front' }], 400, 'request.malformed'],
    ['an unknown view', [photo(), { name: 'views', content: 'above' }], 400, 'request.malformed'],
    ['control characters', [photo(), { name: 'title', content: 'a\u0000b' }], 400, 'request.malformed'],
    ['a name from the prototype', [photo(), { name: '__proto__', content: 'x' }], 400, 'request.malformed'],
    ['a huge field', [photo(), { name: 'title', content: 'x'.repeat(20_000) }], 400, 'request.malformed'],
  ])('%s', async (_, parts, status, code) => {
    const answer = await send(parts);
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(world.asked).toHaveLength(0);
  });

  test('a file that is too large is that picture’s fault alone', async () => {
    const answer = await send([photo('small'), photo(new Uint8Array(20 * 2 ** 20 + 1)), photo('after')]);
    expect(answer.statusCode).toBe(200);
    expect(texts()).toEqual(['small', 'image.too_large', 'after']);
    await send([photo(new Uint8Array(20 * 2 ** 20))]);
    expect(world.asked.at(-1)!.images[0]!.content).toHaveLength(20 * 2 ** 20);
  });

  test.each([
    ['cut off', (body: Buffer) => body.subarray(0, body.length - 20)],
    ['empty', () => Buffer.alloc(0)],
    ['noise', () => Buffer.from('not a form at all')],
  ])('a body that is %s is 400, and the service goes on', async (_, broken) => {
    const { payload, headers } = form([photo('pixels that are long enough to be cut')]);
    const answer = await post('/products/sku/tags', { payload: broken(payload), headers });
    expect(answer.statusCode).toBe(400);
    expect((await send([photo()])).statusCode).toBe(200);
  });

  test('no boundary', async () => {
    const answer = await post('/products/sku/tags', {
      payload: Buffer.from('x'),
      headers: { 'content-type': 'multipart/form-data' },
    });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'request.malformed']);
  });
});

describe('raw bodies and JSON', () => {
  test('a raw image of every type', async () => {
    for (const type of ['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff']) {
      const answer = await post('/products/sku/tags', {
        payload: Buffer.from(type),
        headers: { 'content-type': `image/${type}` },
      });
      expect(answer.statusCode).toBe(200);
      expect(texts()).toEqual([type]);
    }
  });

  test.each([
    ['image/heic', 415, 'request.unsupported_type'],
    ['text/plain', 415, 'request.unsupported_type'],
    ['application/xml', 415, 'request.unsupported_type'],
  ])('%s is refused', async (type, status, code) => {
    const answer = await post('/products/sku/tags', {
      payload: Buffer.from('x'),
      headers: { 'content-type': type },
    });
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
  });

  test('a raw image that is too large', async () => {
    const answer = await post('/products/sku/tags', {
      payload: Buffer.alloc(20 * 2 ** 20 + 1),
      headers: { 'content-type': 'image/jpeg' },
    });
    expect([answer.statusCode, answer.json().code]).toEqual([413, 'image.too_large']);
  });

  test('base64, with what belongs to each image; and references, kept as they are', async () => {
    const payload = {
      images: [
        { base64: Buffer.from('one').toString('base64'), view: 'front', variant: 'a', ref: 'r1' },
        { url: 'https://x.test/a.jpg' },
        { s3: 's3://b/k' },
        { base64: '!!' },
      ],
      title: 'T',
      category: 'dress',
    };
    const answer = await post('/products/sku/tags?category=shirt', { payload });
    expect(answer.statusCode).toBe(200);
    expect(texts()).toEqual(['one', 'url https://x.test/a.jpg', 's3 s3://b/k', 'image.unreadable']);
    expect(world.asked[0]).toMatchObject({
      category: 'dress',
      title: 'T',
      images: [{ view: 'front', variant: 'a', ref: 'r1' }, {}, {}, {}],
    });
  });

  test.each<[string, unknown, number, string]>([
    ['no images', { images: [] }, 400, 'image.missing'],
    ['nine images', { images: Array(9).fill({ base64: 'YQ==' }) }, 413, 'image.too_many'],
    ['an unknown key', { images: [{ base64: 'YQ==' }], tags: [] }, 400, 'request.malformed'],
    ['two sources', { images: [{ base64: 'YQ==', url: 'https://x.test' }] }, 400, 'request.malformed'],
    ['a list', [], 400, 'request.malformed'],
    ['a number', 7, 400, 'request.malformed'],
  ])('%s', async (_, payload, status, code) => {
    const answer = await post('/products/sku/tags', {
      payload: JSON.stringify(payload),
      headers: { 'content-type': 'application/json' },
    });
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
  });

  test.each(['{', '', '{"__proto__": {"a": 1}}', 'null'])('broken JSON %s', async (payload) => {
    const answer = await post('/products/sku/tags', {
      payload,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.statusCode).toBe(400);
  });

  test('JSON over 16 MiB', async () => {
    const payload = JSON.stringify({ images: [{ base64: 'A'.repeat(17 * 2 ** 20) }] });
    const answer = await post('/products/sku/tags', {
      payload,
      headers: { 'content-type': 'application/json' },
    });
    expect([answer.statusCode, answer.json().code]).toEqual([413, 'request.too_large']);
  });
});

describe('queries', () => {
  test('everything the contract names; fabric is material', async () => {
    await send(
      [photo()],
      '/products/sku/tags?attributes=color,fabric&category=dress&explain=true&store=false&minConfidence=0.5',
    );
    expect(world.asked[0]).toMatchObject({
      attributes: ['color', 'material'],
      category: 'dress',
      explain: true,
      store: false,
    });
  });

  test('unknown attributes are all named', async () => {
    const answer = await send([photo()], '/products/sku/tags?attributes=color,shine,image-view');
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors.map((error: { pointer: string }) => error.pointer)).toEqual([
      '/query/attributes/1',
      '/query/attributes/2',
    ]);
  });

  test.each([
    'explain=yes',
    'minConfidence=2',
    'minConfidence=x',
    'store=',
    'colour=red',
    'explain=true&explain=false',
  ])('%s is 400', async (query) => {
    expect((await send([photo()], `/products/sku/tags?${query}`)).statusCode).toBe(400);
  });

  test('minConfidence filters the answer: what people said stays', async () => {
    const answer = (await send([photo()], '/products/sku/tags?minConfidence=0.75')).json();
    expect(answer.tags).toEqual(['category/t-shirt', 'neckline/crew', 'pattern/striped', 'color/navy']);
    expect(answer.attributes.fit).toMatchObject({
      status: 'abstained',
      candidates: [{ id: 'relaxed' }, { id: 'slim' }],
    });
    expect(answer.attributes.color).toMatchObject({
      status: 'abstained',
      reason: 'below-threshold',
      candidates: [{ id: 'navy' }, { id: 'white' }],
    });
  });
});

describe('the answer', () => {
  test('tags are what is accepted, each once', async () => {
    const answer = await send([photo()]);
    expect(answer.json()).toMatchObject({ apiVersion: 1, productId: 'sku', revision: 3 });
    expect(answer.json().tags).toEqual([
      'category/t-shirt',
      'color/navy',
      'color/white',
      'neckline/crew',
      'pattern/striped',
    ]);
    expect(answer.headers.etag).toBe('"3"');
  });

  test.each<[ConstructorParameters<typeof HangtagError>, number, string | undefined]>([
    [['service.overloaded', 'Busy.', { retryAfter: 7 }], 503, '7'],
    [['inference.timeout', 'Late.'], 504, '1'],
    [['store.unavailable', 'Gone.'], 503, '1'],
    [
      [
        'image.unreadable',
        'Torn.',
        { errors: [{ code: 'image.unreadable', detail: 'Torn.', pointer: '/images/0' }] },
      ],
      422,
      undefined,
    ],
  ])('%j', async (fault, status, retryAfter) => {
    world.behave = () => Promise.reject(new HangtagError(...fault));
    const answer = await send([photo()]);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['retry-after']).toBe(retryAfter);
    expect(answer.json()).toMatchObject({ code: fault[0], status, instance: answer.headers['x-request-id'] });
  });

  test('the deadline answers 504 and tells the use-case', async () => {
    await world.app.close();
    world = await createWorld({ requestTimeoutMs: 50 });
    let told: unknown;
    world.behave = (request, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          told = signal.reason;
          resolve(sampleTagSet(request.productId));
        });
      });
    const answer = await send([photo()]);
    expect([answer.statusCode, answer.json().code]).toEqual([504, 'inference.timeout']);
    expect(told).toBeInstanceOf(HangtagError);
  });
});
