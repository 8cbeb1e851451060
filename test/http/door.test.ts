import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errorKinds } from '../../src/domain/errors.ts';
import { statusOf } from '../../src/http/error-response.ts';
import { createWorld, form, photo, sampleTagSet, type World } from './fake-services.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld({ bytesInFlight: 2 ** 20, requestBytes: 2 ** 19 });
});
afterEach(() => world.app.close());

const get = (url: string, headers: Record<string, string> = {}) =>
  world.app.inject({ method: 'GET', url, headers: { host: 'localhost:3000', ...headers } });

describe('product ids', () => {
  test.each(['sku-1', 'gid://shopify/Product/42', 'é'.repeat(256), '😀'.repeat(256), 'a b', '%', '...'])(
    '%s is an id',
    async (id) => {
      const answer = await get(`/products/${encodeURIComponent(id)}/tags`);
      expect(answer.statusCode).toBe(200);
      expect(answer.json().productId).toBe(id);
    },
  );

  test.each(['a\u0000', 'a\nb', '😀'.repeat(257), '%2e', '%2E%2e'])('%s is none', async (id) => {
    const url = id.startsWith('%') ? `/products/${id}/tags` : `/products/${encodeURIComponent(id)}/tags`;
    const answer = await get(url);
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.statusCode).toBeLessThan(500);
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });

  test('broken percent-encoding', async () => {
    const answer = await get('/products/%zz/tags');
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'request.malformed']);
  });
});

describe('reading', () => {
  test('tags with their revision; unknown is 404; a bug is 500 without its words', async () => {
    expect((await get('/products/sku/tags')).headers.etag).toBe('"3"');
    expect((await get('/products/unknown/tags')).json()).toMatchObject({
      status: 404,
      code: 'product.not_found',
    });
    const bug = await get('/products/broken/tags');
    expect(bug.statusCode).toBe(500);
    expect(bug.body).not.toContain('secret');
    expect(world.lines.join('')).toContain('a bug with a secret in it');
  });

  test('taxonomy, attribute, model, health', async () => {
    const taxonomy = await get('/taxonomy');
    expect(taxonomy.json()).toMatchObject({ version: '1.0.0' });
    expect(taxonomy.json().attributes).toHaveLength(67);
    expect((await get('/taxonomy', { 'if-none-match': String(taxonomy.headers.etag) })).statusCode).toBe(304);
    expect((await get('/taxonomy/attributes/fabric')).json().id).toBe('material');
    expect((await get('/taxonomy/attributes/shine')).json().code).toBe('attribute.not_found');
    expect((await get('/model')).json()).toMatchObject({
      backend: 'bundled',
      licence: 'Apache-2.0',
      attributes: { color: { supported: true } },
    });
    expect((await get('/healthz')).statusCode).toBe(200);
    expect((await get('/readyz')).statusCode).toBe(200);
    world.ready = { store: 'gone' };
    expect((await get('/readyz')).json()).toEqual({ status: 'not-ready', checks: { store: 'gone' } });
    expect((await get('/readyz')).statusCode).toBe(503);
  });

  test('what is not there', async () => {
    expect((await get('/nothing')).json()).toMatchObject({ status: 404, code: 'request.not_found' });
    const answer = await world.app.inject({
      method: 'PUT',
      url: '/products/a/tags',
      headers: { host: 'localhost' },
    });
    expect(answer.json()).toMatchObject({ status: 404 });
  });
});

describe('open to this machine only', () => {
  test.each(['localhost', '127.0.0.1:3000', '127.8.9.1', '[::1]:80'])('Host %s', async (host) => {
    expect((await get('/healthz', { host })).statusCode).toBe(200);
  });

  test.each(['evil.test', 'localhost.evil.test', '127.0.0.1.evil.test', '10.0.0.1', 'localhost@evil.test'])(
    'Host %s is refused',
    async (host) => {
      expect((await get('/healthz', { host })).json()).toMatchObject({
        status: 403,
        code: 'request.cross_site',
      });
    },
  );

  test.each<Record<string, string>>([
    { origin: 'https://evil.test' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('%j is refused', async (headers) => {
    expect((await get('/healthz', headers)).statusCode).toBe(403);
  });

  test('a page of this machine may call', async () => {
    expect(
      (await get('/healthz', { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-origin' }))
        .statusCode,
    ).toBe(200);
  });
});

describe('request ids and logs', () => {
  test('a sane id is echoed, a strange one replaced', async () => {
    expect((await get('/healthz', { 'x-request-id': 'abc-1' })).headers['x-request-id']).toBe('abc-1');
    expect((await get('/healthz', { 'x-request-id': 'a b' })).headers['x-request-id']).toMatch(
      /^[0-9a-f-]{36}$/,
    );
  });
});

describe('limits before reading', () => {
  const upload = (bytes: number) =>
    world.app.inject({
      method: 'POST',
      url: '/products/a/tags',
      headers: { host: 'localhost', 'content-type': 'image/png' },
      payload: Buffer.alloc(bytes, 1),
    });

  test('a request over its cap is 413; together over the cap is 503, and room comes back', async () => {
    expect((await upload(2 ** 19 + 1)).json()).toMatchObject({ status: 413, code: 'request.too_large' });
    let open!: () => void;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    world.behave = async (request) => {
      await gate;
      return sampleTagSet(request.productId);
    };
    const held = [upload(2 ** 19), upload(2 ** 19)];
    await sleep(50);
    const refused = await upload(10);
    expect(refused.json()).toMatchObject({ status: 503, code: 'service.overloaded' });
    expect(refused.headers['retry-after']).toBe('1');
    open();
    for (const answer of await Promise.all(held)) expect(answer.statusCode).toBe(200);
    expect((await upload(10)).statusCode).toBe(200);
  });
});

describe('over a real socket', () => {
  test('a caller who hangs up aborts the work, frees its bytes, and harms nobody', async () => {
    let aborted = false;
    world.behave = (request, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          resolve(sampleTagSet(request.productId));
        });
      });
    const address = await world.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = new URL(address);
    for (let round = 0; round < 4; round++) {
      const socket = connect(Number(port), '127.0.0.1');
      socket.write(
        `POST /products/a/tags HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 400000\r\n\r\n`,
      );
      socket.write(Buffer.alloc(round % 2 === 0 ? 400_000 : 1000));
      await sleep(60);
      socket.destroy();
      await sleep(30);
    }
    expect(aborted).toBe(true);
    world.behave = null;
    const answer = await fetch(`${address}/products/a/tags`, {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: Buffer.alloc(400_000, 1),
    });
    expect(answer.status).toBe(200);
  });

  test('what is not HTTP is answered and dropped', async () => {
    const address = await world.app.listen({ port: 0, host: '127.0.0.1' });
    const socket = connect(Number(new URL(address).port), '127.0.0.1');
    socket.write('GARBAGE\r\n\r\n');
    const reply = await new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
    });
    expect(reply).toMatch(/^HTTP\/1\.1 400 /);
    expect(reply).toContain('request.malformed');
  });
});

describe('whatever comes', () => {
  test('every code has a status', () => {
    expect(Object.keys(statusOf).sort()).toEqual(Object.keys(errorKinds).sort());
  });

  const junk = fc.oneof(
    fc.record({ type: fc.constant('json'), body: fc.json() }),
    fc.record({ type: fc.constant('text'), body: fc.string() }),
    fc.record({ type: fc.constant('form'), body: fc.string() }),
    fc.record({ type: fc.constant('parts'), body: fc.string({ maxLength: 20 }) }),
  );

  test('no request of 600 makes a 500, and every refusal is a problem', async () => {
    const types: Record<string, string> = {
      json: 'application/json',
      text: 'image/png',
      form: 'multipart/form-data; boundary=xyzzy',
    };
    await fc.assert(
      fc.asyncProperty(
        fc.webPath(),
        fc.webQueryParameters(),
        junk,
        fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
        async (path, query, { type, body }, method) => {
          const url =
            path.length % 2 === 0 ? `/products${path || '/a'}/tags?${query}` : `${path || '/'}?${query}`;
          const part = form([photo(), { name: body.replace(/[\r\n"]/g, ''), content: body }]);
          const payload =
            type === 'parts' ? part.payload : type === 'form' ? `--xyzzy\r\n${body}\r\n--xyzzy--\r\n` : body;
          const headers = {
            host: 'localhost',
            ...(method === 'GET' ? {} : { 'content-type': types[type] ?? part.headers['content-type'] }),
          };
          const answer = await world.app.inject({
            method: method as 'GET',
            url,
            headers,
            ...(method === 'GET' ? {} : { payload }),
          });
          expect([500, 502]).not.toContain(answer.statusCode);
          if (answer.statusCode < 400) return;
          expect(answer.headers['content-type']).toContain('application/problem+json');
          expect(answer.json()).toMatchObject({
            status: answer.statusCode,
            instance: answer.headers['x-request-id'],
          });
          expect(errorKinds).toHaveProperty([answer.json().code]);
        },
      ),
      { numRuns: 600 },
    );
  });
});
