/** Fetching from a server that behaves as servers do: slow, cut, lying, busy. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createFetchImage, type FetchImageOptions } from '../../../src/adapters/web/fetch-image.ts';
import { readRetryAfter } from '../../../src/adapters/web/retry-after.ts';
import { smallerRendition } from '../../../src/adapters/web/shop-cdn.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let server: Server;
let origin = '';
let answers: Answer[] = [];
let asked: IncomingMessage[] = [];
const opened: { close(): Promise<void> }[] = [];
const bytes = Buffer.from('as if it were a picture');
const ok: Answer = (_request, response) => {
  response.writeHead(200, { 'content-type': 'image/jpeg', etag: '"one"' }).end(bytes);
};
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    response.writeHead(code, headers).end();

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request);
    const answer = answers.length > 1 ? answers.shift()! : (answers[0] ?? ok);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  answers = [ok];
  asked = [];
});
afterAll(async () => {
  await Promise.all(opened.map((one) => one.close()));
  server.closeAllConnections();
  server.close();
});

function fetching(options: Partial<FetchImageOptions> = {}) {
  const made = createFetchImage({
    allowOrigins: [origin],
    imageWidth: 0,
    fetchS3: async () => ({ changed: false }),
    ...options,
  });
  opened.push(made);
  return (
    path = '/a.jpg?sig=hush',
    known: Parameters<typeof made.fetchImage>[1] = null,
    signal = new AbortController().signal,
  ) => made.fetchImage({ kind: 'url', url: origin + path }, known, signal);
}

describe('a picture', () => {
  test('comes with what its server says of it; unchanged, it is not sent again', async () => {
    const fetch = fetching();
    const validators = { etag: '"one"', lastModified: null };
    expect(await fetch()).toEqual({ changed: true, bytes, validators });
    expect(asked[0]?.headers).toMatchObject({
      'accept-encoding': 'identity',
      accept: expect.stringContaining('image/'),
    });
    expect(asked[0]?.headers).not.toHaveProperty('if-none-match');
    answers = [status(304)];
    expect(await fetch('/a.jpg', { etag: '"one"', lastModified: 'Mon, 01 Jan 2024 00:00:00 GMT' })).toEqual({
      changed: false,
    });
    expect(asked[1]?.headers).toMatchObject({
      'if-none-match': '"one"',
      'if-modified-since': 'Mon, 01 Jan 2024 00:00:00 GMT',
    });
  });

  test('with words that cannot be said back is fetched without them the next time', async () => {
    const odd: Answer = (request) =>
      request.socket.end(
        `HTTP/1.1 200 OK\r\nETag: "→"\r\nLast-Modified: ${'x'.repeat(600)}\r\nContent-Length: 1\r\n\r\nx`,
      );
    answers = [odd];
    const first = await fetching()();
    expect(first).toMatchObject({ validators: { etag: null, lastModified: null } });
    expect(await fetching()('/a.jpg', first.changed ? first.validators : null)).toMatchObject({
      changed: true,
    });
  });

  test('is followed where it went, five times at most', async () => {
    const on: Answer = (_request, response) => response.writeHead(302, { location: '/next.jpg' }).end();
    answers = [on, on, on, on, on, ok];
    expect(await fetching()()).toMatchObject({ changed: true });
    expect(asked.map(({ url }) => url).at(-1)).toBe('/next.jpg');
    answers = [on];
    await expect(fetching()()).rejects.toMatchObject({ code: 'image.fetch_refused' });
  });

  test.each([
    [404, 'image.fetch_failed'],
    [403, 'image.fetch_failed'],
    [410, 'image.fetch_failed'],
    [204, 'image.fetch_failed'],
    [304, 'image.fetch_failed'],
  ])('that is answered with %d is not asked for again', async (code, expected) => {
    answers = [status(code)];
    const fault = await fetching()().catch((error) => error);
    expect([fault.code, asked.length]).toEqual([expected, 1]);
    expect(fault.message).toContain('/a.jpg');
    expect(fault.message).not.toContain('hush');
  });

  test.each<[string, Answer, string]>([
    [
      'a page',
      (_q, r) => r.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<p>'),
      'image.fetch_failed',
    ],
    ['packed', (_q, r) => r.writeHead(200, { 'content-encoding': 'gzip' }).end('x'), 'image.fetch_failed'],
    [
      'larger than it may be',
      (_q, r) => r.writeHead(200, { 'content-length': '999' }).end('x'.repeat(999)),
      'image.too_large',
    ],
    [
      'larger than it may be, in pieces',
      (_q, r) => {
        r.writeHead(200);
        for (let n = 0; n < 20; n++) r.write('x'.repeat(10));
        r.end();
      },
      'image.too_large',
    ],
    ['without an end', (_q, r) => void r.writeHead(200).write('x'), 'image.fetch_unavailable'],
    ['without a beginning', () => {}, 'image.fetch_unavailable'],
    [
      'cut',
      (_q, r) => void r.writeHead(200, { 'content-length': '50' }).write('x', () => r.destroy()),
      'image.fetch_unavailable',
    ],
  ])('that comes %s', async (_what, answer, code) => {
    answers = [answer];
    const started = performance.now();
    await expect(fetching({ maxBytes: 100, headersMs: 300, totalMs: 1500 })()).rejects.toMatchObject({
      code,
    });
    expect(performance.now() - started).toBeLessThan(6000);
  });

  test('that cannot be had for a moment is asked for again; for longer, that is said', async () => {
    answers = [status(503), (request) => request.socket.destroy(), ok];
    expect(await fetching()()).toMatchObject({ changed: true });
    expect(asked).toHaveLength(3);
    asked = [];
    answers = [status(503, { 'retry-after': '120' })];
    await expect(fetching()()).rejects.toMatchObject({ code: 'image.fetch_unavailable', retryAfter: 120 });
    expect(asked).toHaveLength(1);
  });

  test('of a host that asks for rest is not asked for until then', async () => {
    const fetch = fetching();
    answers = [status(429, { 'retry-after': '60' }), ok];
    await expect(fetch()).rejects.toMatchObject({ code: 'image.fetch_unavailable', retryAfter: 60 });
    await expect(fetch('/b.jpg')).rejects.toMatchObject({ code: 'image.fetch_unavailable' });
    expect(asked).toHaveLength(1);
  });

  test('that nobody waits for any more is given up', async () => {
    answers = [() => {}];
    const leaving = new AbortController();
    const left = fetching()('/a.jpg', null, leaving.signal);
    const over = expect(left).rejects.toMatchObject({ code: 'request.cancelled' });
    await expect.poll(() => asked.length).toBe(1);
    leaving.abort();
    await over;
  });

  test('of a host where nobody listens', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const made = createFetchImage({
      allowOrigins: [`http://127.0.0.1:${port}`],
      imageWidth: 0,
      fetchS3: async () => ({ changed: false }),
    });
    opened.push(made);
    const reference = { kind: 'url', url: `http://127.0.0.1:${port}/a.jpg` } as const;
    await expect(made.fetchImage(reference, null, new AbortController().signal)).rejects.toMatchObject({
      code: 'image.fetch_unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

test('four at a time of one host, the others in a line', async () => {
  let now = 0;
  let most = 0;
  answers = [
    (_request, response) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        response.writeHead(200).end(bytes);
      }, 30);
    },
  ];
  const fetch = fetching();
  await Promise.all(Array.from({ length: 12 }, (_, n) => fetch(`/${n}.jpg`)));
  expect([most, asked.length]).toEqual([4, 12]);
});

test('Retry-After is seconds or a date, and an hour at most', () => {
  const now = Date.parse('2026-11-24T10:00:00Z');
  const read = (text: string | undefined) => readRetryAfter(text, 3600, now);
  expect(
    ['5', '0', '99999', 'Tue, 24 Nov 2026 10:00:30 GMT', 'Tue, 24 Nov 2026 09:00:00 GMT'].map(read),
  ).toEqual([5, 0, 3600, 30, 0]);
  expect([undefined, '', '-1', 'soon', '1.5'].map(read)).toEqual([null, null, null, null, null]);
});

test.each([
  [
    'https://cdn.shopify.com/s/files/1/2/a.jpg?v=3',
    'https://cdn.shopify.com/s/files/1/2/a.jpg?v=3&width=800',
  ],
  [
    'https://cdn.shopify.com/s/files/1/2/a.jpg?width=2000&v=3',
    'https://cdn.shopify.com/s/files/1/2/a.jpg?v=3&width=800',
  ],
  ['https://x.myshopify.com/cdn/shop/a.jpg', 'https://x.myshopify.com/cdn/shop/a.jpg?width=800'],
  ['https://i0.wp.com/shop.example/a.jpg', 'https://i0.wp.com/shop.example/a.jpg?w=800'],
  ['https://cdn.shopify.com/s/files/a.jpg?width=400', null],
  ['https://cdn.shopify.com/s/files/a_600x.jpg', null],
  ['https://cdn.shopify.com/s/files/a.jpg?crop=center', null],
  ['https://cdn.shopify.com.evil.example/s/a.jpg', null],
  ['https://shop.example/a.jpg', null],
])('a small rendition of %s', (url, wanted) => {
  expect(smallerRendition(new URL(url), 800)?.href ?? null).toBe(wanted);
});
