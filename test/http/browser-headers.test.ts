/** What a browser may do with answers: data may do nothing, the pages only what they need. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorld, form, photo, type World } from './fake-services.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.app.close());
const get = (url: string, headers: Record<string, string> = {}) =>
  world.app.inject({ url, headers: { host: 'localhost', ...headers } });

const harmless = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

describe('data', () => {
  test.each([
    '/products/sku/tags',
    '/healthz',
    '/openapi.json',
    '/nothing',
    '/products/unknown/tags',
    '/%zz',
  ])('GET %s may load nothing and stand in no frame', async (url) => {
    expect((await get(url)).headers).toMatchObject(harmless);
  });

  test('so for an upload, and for what is refused at the door', async () => {
    const upload = form([photo()]);
    expect(
      (await world.app.inject({ method: 'POST', url: '/products/sku/tags', ...upload })).headers,
    ).toMatchObject(harmless);
    expect((await get('/model', { host: 'evil.example' })).headers).toMatchObject(harmless);
  });

  test('and for what never became a request', async () => {
    const url = new URL(await world.app.listen({ port: 0, host: '127.0.0.1' }));
    const socket = connect(Number(url.port), url.hostname);
    socket.write('no http at all\r\n\r\n');
    const answer = await text(socket);
    for (const [name, value] of Object.entries(harmless))
      expect(answer).toContain(`\r\n${name}: ${value}\r\n`);
  });
});

describe('the page', () => {
  test('runs scripts of its own origin alone, in no frame, over plain HTTP too', async () => {
    const { headers } = await get('/docs');
    const policy = Object.fromEntries(
      String(headers['content-security-policy'])
        .split(';')
        .map((part) => part.trim().split(/ (.*)/s)),
    );
    expect(policy).toMatchObject({
      'default-src': "'none'",
      'script-src': "'self'",
      'connect-src': "'self'",
      'frame-ancestors': "'none'",
      'base-uri': "'none'",
    });
    expect(policy).not.toHaveProperty('upgrade-insecure-requests');
    expect(headers['content-security-policy']).not.toMatch(/unsafe|https:|\*/);
    expect(headers).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    expect(headers).not.toHaveProperty('strict-transport-security');
  });

  test('the one style element of its scripts is allowed by its hash', async () => {
    const shipped = path.dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui'));
    const scripts = ['swagger-ui-bundle.js', 'swagger-ui-standalone-preset.js']
      .map((name) => readFileSync(path.join(shipped, 'static', name), 'utf8'))
      .join('\n');
    const styles = [...scripts.matchAll(/createElement\("style",null,"([^"]*)"/g)].map((found) => found[1]!);
    expect(styles).toHaveLength(1);
    const hash = createHash('sha256').update(styles[0]!).digest('base64');
    expect((await get('/docs')).headers['content-security-policy']).toContain(
      `style-src 'self' 'sha256-${hash}'`,
    );
  });
});
