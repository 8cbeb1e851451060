/** Texts by URL: the same guard as for pictures, and read as they come. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createOpenText } from '../../../src/adapters/web/open-text.ts';

let server: Server;
let origin = '';
let asked: string[] = [];
beforeAll(async () => {
  server = createServer((request, answer) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    asked.push(pathname);
    if (pathname === '/good') answer.end('a\nb\n');
    else if (pathname === '/moved') answer.writeHead(302, { location: '/good' }).end();
    else if (pathname === '/inside')
      answer.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end();
    else if (pathname === '/round') answer.writeHead(302, { location: '/round' }).end();
    else if (pathname === '/packed') answer.setHeader('content-encoding', 'gzip').end('x');
    else if (pathname === '/torn') {
      answer.writeHead(200, { 'content-length': '100' }).write('a\n');
      setTimeout(() => answer.destroy(), 50);
    } else if (pathname === '/still') answer.writeHead(200).write('a\n');
    else if (pathname === '/busy') answer.writeHead(503, { 'retry-after': '7' }).end();
    else answer.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function read(url: string, signal = new AbortController().signal): Promise<string> {
  const { openText, close } = createOpenText({
    allowOrigins: [origin],
    openObject: async function* (uri) {
      yield Buffer.from(uri);
    },
    silenceMs: 300,
  });
  try {
    const parts: Uint8Array[] = [];
    const reference = url.startsWith('s3:')
      ? ({ kind: 's3', uri: url } as const)
      : ({ kind: 'url', url } as const);
    for await (const part of openText(reference, signal)) parts.push(part);
    return Buffer.concat(parts).toString();
  } finally {
    await close();
  }
}

describe('a text', () => {
  test('as it is, after a redirect, from a bucket', async () => {
    expect(await read(`${origin}/good?sig=1`)).toBe('a\nb\n');
    expect(await read(`${origin}/moved`)).toBe('a\nb\n');
    expect(await read('s3://b/k')).toBe('s3://b/k');
  });

  test.each([
    ['/none', 'image.fetch_failed', '404'],
    ['/inside', 'image.fetch_refused', 'redirected to a URL that is not fetched'],
    ['/round', 'image.fetch_refused', 'more than 5 times'],
    ['/packed', 'image.fetch_failed', 'compressed'],
    ['/torn', 'image.fetch_unavailable', '127.0.0.1'],
    ['/still', 'image.fetch_unavailable', '127.0.0.1'],
    ['/busy', 'image.fetch_unavailable', '503'],
  ])('%s', async (pathname, code, words) => {
    await expect(read(origin + pathname)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words),
    });
  });

  test.each([
    'https://127.0.0.1/a',
    'https://localhost/a',
    'http://example.com/a',
    'https://[::ffff:10.0.0.1]/a',
    'file:///etc/passwd',
  ])('%s is not asked', async (url) => {
    asked = [];
    await expect(read(url)).rejects.toMatchObject({ code: 'image.fetch_refused' });
    expect(asked).toEqual([]);
  });

  test('given up by whoever reads it', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    await expect(read(`${origin}/still`, stop.signal)).rejects.toMatchObject({ code: 'request.cancelled' });
  });
});
