import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { fastify } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keyScopes } from '../../src/config.ts';
import { requireDeclaredScopes } from '../../src/http/access/declared-scopes.ts';
import { createIdentify } from '../../src/http/access/keys.ts';
import { type ApiKey, allows, type Scope, scopes } from '../../src/http/access/scopes.ts';
import { createLog } from '../../src/log.ts';
import { createWorld, form, photo, type World } from './fake-services.ts';

const secretOf = (id: string) => `S3CRET_of_${id}-0123456789`;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const key = (id: string, ...allowed: Scope[]): ApiKey => ({
  id,
  scopes: allowed,
  sha256: sha256(secretOf(id)),
});
const keys = [
  key('reader', 'read'),
  key('tagger', 'tag'),
  key('both', 'tag', 'read'),
  key('reviewer', 'review'),
  key('boss', 'admin'),
];
const secret = (id: string) => `ht_${id}_${secretOf(id)}`;
const bearer = (id: string) => ({ authorization: `Bearer ${secret(id)}` });

let world: World;
let lines: string[];
beforeEach(async () => {
  lines = [];
  const log = createLog('trace', { write: (line) => void lines.push(line) });
  world = await createWorld({}, { keys, log });
});
afterEach(() => world.app.close());

const get = (url: string, headers: Record<string, string> = {}) =>
  world.app.inject({ url, headers: { host: 'shop.example', ...headers } });
const post = (headers: Record<string, string>) => {
  const { payload, headers: typed } = form([photo()]);
  return world.app.inject({
    method: 'POST',
    url: '/products/a/tags',
    payload,
    headers: { ...typed, ...headers },
  });
};

describe('who calls', () => {
  test.each<Record<string, string>>([
    {},
    { authorization: '' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer ht_reader' },
    { authorization: 'Bearer ht_reader_' },
    { authorization: `Bearer ht_nobody_${secretOf('reader')}` },
    { authorization: `Bearer ht__${secretOf('reader')}` },
    { authorization: `Bearer ht_tagger_${secretOf('reader')}` },
    { authorization: `Bearer ${secret('reader')}x` },
    { authorization: `Bearer ${secret('reader').slice(0, -1)}` },
    { authorization: `Bearer ${secretOf('reader')}` },
    { authorization: `Bearer ht_READER_${secretOf('reader')}` },
    { authorization: `Basic ${secret('reader')}` },
    { authorization: `Bearer ht_reader_${sha256(secretOf('reader'))}` },
    { 'x-api-key': `Bearer ${secret('reader')}` },
    { cookie: `key=${secret('reader')}` },
    // A wrong bearer is not saved by a right key beside it.
    { authorization: 'Bearer ht_reader_wrong', 'x-api-key': secret('reader') },
  ])('%j is nobody: 401', async (headers) => {
    const answer = await get('/model', headers);
    expect(answer.json()).toMatchObject({ status: 401, code: 'access.unauthenticated' });
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });

  test('a key, in either header; a proxy’s own Authorization is left alone', async () => {
    expect((await get('/model', bearer('reader'))).statusCode).toBe(200);
    expect((await get('/model', { authorization: `bearer  ${secret('reader')}` })).statusCode).toBe(200);
    expect((await get('/model', { 'x-api-key': secret('reader') })).statusCode).toBe(200);
    const beside = { authorization: 'Basic eDp5', 'x-api-key': secret('reader') };
    expect((await get('/model', beside)).statusCode).toBe(200);
  });

  test('the key that made the digest, and no other text, is the principal', () => {
    const word = fc.stringMatching(/^[a-z0-9-]{1,32}$/);
    const hidden = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/);
    fc.assert(
      fc.property(word, hidden, hidden, (id, right, other) => {
        const identify = createIdentify([{ id, scopes: ['tag'], sha256: sha256(right) }]);
        const principal = identify({ authorization: `Bearer ht_${id}_${right}` });
        expect(principal).toEqual({ id, scopes: new Set(['tag']) });
        const found = identify({ 'x-api-key': `ht_${id}_${other}` });
        expect(found !== null).toBe(other === right);
      }),
    );
  });
});

describe('what a key may do', () => {
  const status = {
    reader: [200, 200, 200, 403],
    tagger: [403, 403, 403, 200],
    both: [200, 200, 200, 200],
    reviewer: [403, 403, 403, 403],
    boss: [200, 200, 200, 200],
  };
  test.each(Object.entries(status))('%s', async (id, expected) => {
    const urls = ['/products/a/tags', '/taxonomy', '/taxonomy/attributes/color'];
    const found = [];
    for (const url of urls) found.push((await get(url, bearer(id))).statusCode);
    found.push((await post(bearer(id))).statusCode);
    expect(found).toEqual(expected);
  });

  test('a refusal names the scope, and the use-case hears nothing of it', async () => {
    const answer = await post(bearer('reader'));
    expect(answer.json()).toMatchObject({ status: 403, code: 'access.forbidden' });
    expect(answer.json().detail).toContain('"tag"');
    expect((await get('/model', bearer('tagger'))).json().detail).toContain('"read"');
    expect(world.asked).toEqual([]);
  });

  test('HEAD asks for what GET asks for', async () => {
    const head = (headers: Record<string, string>) =>
      world.app.inject({ method: 'HEAD', url: '/model', headers });
    expect((await head({})).statusCode).toBe(401);
    expect((await head(bearer('tagger'))).statusCode).toBe(403);
    expect((await head(bearer('reader'))).statusCode).toBe(200);
  });

  test('health, the contract and its page need no key; a path that is not there is 404', async () => {
    for (const url of ['/healthz', '/readyz', '/openapi.json', '/docs', '/docs/static/swagger-ui.css'])
      expect((await get(url)).statusCode, url).toBe(200);
    expect((await get('/nothing')).statusCode).toBe(404);
    expect((await get('/healthz', { authorization: 'Bearer ht_reader_wrong' })).statusCode).toBe(200);
  });

  test('any host, any origin: a page elsewhere still needs a key', async () => {
    const page = { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' };
    expect((await post(page)).statusCode).toBe(401);
    expect((await post({ ...page, ...bearer('tagger') })).statusCode).toBe(200);
    expect((await get('/model', bearer('reader'))).headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('admin implies all, the others themselves alone, nobody nothing', () => {
    for (const scope of scopes) {
      expect(allows({ id: 'a', scopes: new Set(['admin']) }, scope)).toBe(true);
      for (const held of scopes.filter((name) => name !== 'admin'))
        expect(allows({ id: 'a', scopes: new Set([held]) }, scope)).toBe(held === scope);
      expect(allows(null, scope)).toBe(false);
    }
    expect(keyScopes).toEqual(scopes);
  });
});

test('without keys it is open on this machine, and a key that comes along is nobody', async () => {
  const open = await createWorld();
  const answer = await open.app.inject({
    url: '/model',
    headers: { host: 'localhost', ...bearer('reader') },
  });
  expect(answer.statusCode).toBe(200);
  expect((await open.app.inject({ url: '/model', headers: { host: 'a.test' } })).statusCode).toBe(403);
  await open.app.close();
});

test('no key, secret or digest reaches the log, at any level, whatever happens', async () => {
  await get('/model', bearer('reader'));
  await get('/model', { 'x-api-key': secret('reader') });
  await get('/model', bearer('tagger'));
  await get('/model', { authorization: `Bearer ht_nobody_${secretOf('reader')}` });
  await get('/products/broken/tags', bearer('reader'));
  await get(`/nothing?key=${secret('reader')}`);
  await post(bearer('reader'));
  const text = lines.join('');
  expect(lines.length).toBeGreaterThanOrEqual(8);
  expect(text).toContain('unexpected error');
  expect(text).not.toContain('S3CRET');
  expect(text).not.toContain('ht_');
  for (const { sha256: digest } of keys) expect(text).not.toContain(digest);
  const log = createLog('info', { write: (line) => void lines.push(line) });
  log.info({ API_KEYS: keys, config: { API_KEYS: keys }, headers: { 'x-api-key': secret('boss') } }, 'x');
  expect(lines.at(-1)).not.toContain('S3CRET');
  expect(lines.at(-1)).not.toContain(keys[0]!.sha256);
});

describe('a route that forgets its scope', () => {
  test('stops the start and is named; the others are not', async () => {
    const app = fastify();
    requireDeclaredScopes(app);
    app.get('/said', { config: { scope: 'read' } }, async () => '');
    app.get('/open', { config: { scope: 'none' } }, async () => '');
    app.delete('/products/:id', async () => '');
    app.get('/strange', { config: { scope: 'reed' as never } }, async () => '');
    const failure = await app.ready().then(
      () => '',
      (error: Error) => error.message,
    );
    expect(failure).toContain('DELETE /products/:id');
    expect(failure).toContain('GET /strange');
    expect(failure).toContain("config: { scope: 'read' | 'tag' | 'review' | 'admin' | 'none' }");
    expect(failure).not.toMatch(/\/said|\/open/);
    await app.close();
  });

  test('inside a plugin too', async () => {
    const app = fastify();
    requireDeclaredScopes(app);
    await app.register(async (inner) => {
      inner.get('/deep', async () => '');
    });
    await expect(app.ready()).rejects.toThrow('GET /deep');
    await app.close();
  });
});
