import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { measureLag } from '../../src/http/access/event-loop-lag.ts';
import type { ApiKey } from '../../src/http/access/scopes.ts';
import { createWorld, form, photo, type World } from './fake-services.ts';

const key = (id: string): ApiKey => ({
  id,
  scopes: ['read', 'tag'],
  sha256: createHash('sha256').update(`of-${id}`).digest('hex'),
});
const bearer = (id: string) => ({ host: 'localhost', authorization: `Bearer ht_${id}_of-${id}` });

let world: World;
afterEach(async () => {
  vi.useRealTimers();
  await world?.app.close();
});
const get = (url: string, headers: Record<string, string> = { host: 'localhost' }) =>
  world.app.inject({ url, headers });

describe('calls a minute', () => {
  test('each key has its own, over all routes; the refusal says when to come back', async () => {
    world = await createWorld({ ratePerMinute: 3 }, { keys: [key('a'), key('b')] });
    for (const url of ['/model', '/taxonomy', '/products/x/tags'])
      expect((await get(url, bearer('a'))).statusCode).toBe(200);
    const refused = await get('/model', bearer('a'));
    expect(refused.json()).toMatchObject({ status: 429, code: 'request.rate_limited' });
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
    const upload = form([photo()]);
    const posted = await world.app.inject({
      method: 'POST',
      url: '/products/x/tags',
      payload: upload.payload,
      headers: { ...upload.headers, ...bearer('a') },
    });
    expect(posted.statusCode).toBe(429);
    expect(world.asked).toEqual([]);
    expect((await get('/model', bearer('b'))).statusCode).toBe(200);
  });

  test('health is never counted nor refused', async () => {
    world = await createWorld({ ratePerMinute: 1 });
    for (let call = 0; call < 5; call++) {
      expect((await get('/healthz')).statusCode).toBe(200);
      expect((await get('/readyz')).statusCode).toBe(200);
    }
    expect((await get('/model')).statusCode).toBe(200);
    expect((await get('/model')).statusCode).toBe(429);
    expect((await get('/healthz')).statusCode).toBe(200);
  });

  test('where it is open, by address', async () => {
    world = await createWorld({ ratePerMinute: 1 });
    const from = (remoteAddress: string) =>
      world.app.inject({ url: '/model', remoteAddress, headers: { host: 'localhost' } });
    expect((await from('127.0.0.1')).statusCode).toBe(200);
    expect((await from('127.0.0.1')).statusCode).toBe(429);
    expect((await from('127.0.0.2')).statusCode).toBe(200);
  });

  test('wrong keys use up nobody’s calls, and are told 401 for ever', async () => {
    world = await createWorld({ ratePerMinute: 1 }, { keys: [key('a')] });
    const wrong = { host: 'localhost', authorization: 'Bearer ht_a_wrong' };
    for (let call = 0; call < 3; call++) expect((await get('/model', wrong)).statusCode).toBe(401);
    expect((await get('/model', bearer('a'))).statusCode).toBe(200);
  });

  test('a new minute is a new count', async () => {
    world = await createWorld({ ratePerMinute: 1 });
    vi.useFakeTimers({ toFake: ['Date'] });
    expect((await get('/model')).statusCode).toBe(200);
    expect((await get('/model')).statusCode).toBe(429);
    vi.setSystemTime(Date.now() + 61_000);
    expect((await get('/model')).statusCode).toBe(200);
  });

  test.each([0, undefined])('%s is no limit', async (ratePerMinute) => {
    world = await createWorld(ratePerMinute === undefined ? {} : { ratePerMinute });
    for (let call = 0; call < 20; call++) expect((await get('/model')).statusCode).toBe(200);
  });
});

describe('a loop that runs late', () => {
  const late = { ms: 0, closed: false };
  const lag = {
    lagMs: () => late.ms,
    close: () => {
      late.closed = true;
    },
  };
  const post = () =>
    world.app
      .inject({ method: 'POST', url: '/products/a/tags', ...form([photo()]) })
      .then((answer) => answer);

  test('takes no new work, still answers readers and probes, and recovers', async () => {
    world = await createWorld({}, { lag });
    late.ms = 250;
    expect((await post()).statusCode).toBe(200);
    late.ms = 251;
    const refused = await post();
    expect(refused.json()).toMatchObject({ status: 503, code: 'service.overloaded' });
    expect(refused.headers['retry-after']).toBe('2');
    expect((await get('/healthz')).statusCode).toBe(200);
    expect((await get('/model')).statusCode).toBe(200);
    expect(world.asked).toHaveLength(1);
    late.ms = 0;
    expect((await post()).statusCode).toBe(200);
    await world.app.close();
    expect(late.closed).toBe(true);
  });

  test('answers before the body has come', async () => {
    world = await createWorld({}, { lag });
    late.ms = 1000;
    const { port } = new URL(await world.app.listen({ port: 0, host: '127.0.0.1' }));
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      'POST /products/a/tags HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 400000\r\n\r\n',
    );
    const answer = await new Promise<string>((resolve) => {
      socket.once('data', (chunk) => resolve(String(chunk)));
    });
    socket.destroy();
    late.ms = 0;
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(world.asked).toEqual([]);
  });

  test.each([
    ['shorter than a window', 300, 120],
    ['longer than a window', 200, 400],
  ])('the real measure sees turns %s, forgets them', async (_, windowMs, turnMs) => {
    const source = measureLag(windowMs);
    const block = async (turns: number) => {
      for (let turn = 0; turn < turns; turn++) {
        const until = performance.now() + turnMs;
        while (performance.now() < until);
        await sleep(1);
      }
    };
    await sleep(2 * windowMs + 50);
    expect(source.lagMs()).toBeLessThan(turnMs / 3);
    await block(Math.ceil((2 * windowMs) / turnMs) + 2);
    expect(source.lagMs()).toBeGreaterThan(turnMs / 2);
    await sleep(3 * windowMs);
    expect(source.lagMs()).toBeLessThan(turnMs / 3);
    source.close();
  });

  test('one long turn among many short ones is no overload', async () => {
    const source = measureLag(1000);
    await sleep(300);
    const until = performance.now() + 400;
    while (performance.now() < until);
    await sleep(900);
    source.close();
    expect(source.lagMs()).toBeLessThan(100);
  });
});
