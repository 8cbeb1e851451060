import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createMeter, type Meter } from '../../src/adapters/metrics/meter.ts';
import { createWorld, form, photo, sampleTagSet, type World } from './fake-services.ts';

let world: World;
let meter: Meter;
beforeEach(async () => {
  meter = createMeter();
  world = await createWorld({}, { metrics: meter });
});
afterEach(() => world.app.close());

const get = (url: string, extra: { remoteAddress?: string; headers?: Record<string, string> } = {}) =>
  world.app.inject({ method: 'GET', url, ...extra, headers: { host: 'localhost', ...extra.headers } });

/** The samples of one metric as text, without the comments. */
async function samples(name: string): Promise<string[]> {
  return (await meter.render()).text.split('\n').filter((line) => line.startsWith(name));
}

describe('GET /metrics', () => {
  test('counts requests by pattern, method and status', async () => {
    await get('/products/a/tags');
    await get('/products/b/tags');
    await get('/products/unknown/tags');
    await world.app.inject({ method: 'POST', url: '/products/c/tags', ...form([photo()]) });
    await world.app.inject({ method: 'PUT', url: '/products/c/tags', headers: { host: 'localhost' } });
    await get('/nothing/here');
    await get('/healthz', { headers: { host: 'evil.example' } });
    const answer = await get('/metrics');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toContain('text/plain; version=0.0.4');
    const counted = answer.body.split('\n').filter((line) => line.startsWith('hangtag_http_requests_total'));
    expect(counted.sort()).toEqual([
      'hangtag_http_requests_total{method="GET",route="/healthz",status="403"} 1',
      'hangtag_http_requests_total{method="GET",route="/products/:id/tags",status="200"} 2',
      'hangtag_http_requests_total{method="GET",route="/products/:id/tags",status="404"} 1',
      'hangtag_http_requests_total{method="GET",route="unknown",status="404"} 1',
      'hangtag_http_requests_total{method="POST",route="/products/:id/tags",status="200"} 1',
      'hangtag_http_requests_total{method="PUT",route="unknown",status="404"} 1',
    ]);
    expect(answer.body).toContain(
      'hangtag_http_request_duration_seconds_count{route="/products/:id/tags"} 4',
    );
    // It counts itself, once it is answered.
    expect(await samples('hangtag_http_requests_total{method="GET",route="/metrics"')).toHaveLength(1);
  });

  test('counts refusals by the code of their problem, and nothing else', async () => {
    await get('/products/a/tags');
    await get('/products/unknown/tags');
    await get('/nothing/here');
    await get('/healthz', { headers: { host: 'evil.example' } });
    await world.app.inject({ method: 'POST', url: '/products/c/tags', headers: { host: 'localhost' } });
    expect((await samples('hangtag_http_faults_total')).sort()).toEqual([
      'hangtag_http_faults_total{code="image.missing"} 1',
      'hangtag_http_faults_total{code="product.not_found"} 1',
      'hangtag_http_faults_total{code="request.cross_site"} 1',
      'hangtag_http_faults_total{code="request.not_found"} 1',
    ]);
  });

  test('tells the bytes in flight while they are, and how late the loop is', async () => {
    await world.app.close();
    meter = createMeter();
    world = await createWorld({}, { metrics: meter, lag: { lagMs: () => 40, close: () => {} } });
    let finish = () => {};
    world.behave = () =>
      new Promise((resolve) => {
        finish = () => resolve(sampleTagSet('a'));
      });
    const upload = form([photo('x'.repeat(1000))]);
    const sent = world.app.inject({
      method: 'POST',
      url: '/products/a/tags',
      payload: upload.payload,
      headers: { ...upload.headers, 'content-length': String(upload.payload.length) },
    });
    await vi.waitUntil(() => world.asked.length > 0);
    expect(await samples('hangtag_http_bytes_in_flight')).toEqual([
      `hangtag_http_bytes_in_flight ${upload.payload.length}`,
    ]);
    expect(await samples('hangtag_event_loop_lag_seconds')).toEqual(['hangtag_event_loop_lag_seconds 0.04']);
    finish();
    expect((await sent).statusCode).toBe(200);
    expect(await samples('hangtag_http_bytes_in_flight')).toEqual(['hangtag_http_bytes_in_flight 0']);
  });

  test('a caller who hangs up is 499', async () => {
    world.behave = (_request, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const url = await world.app.listen({ port: 0, host: '127.0.0.1' });
    const controller = new AbortController();
    const body = new FormData();
    body.append('image', new Blob(['pixels']), 'a.jpg');
    const sent = fetch(`${url}/products/a/tags`, { method: 'POST', body, signal: controller.signal });
    sent.catch(() => {});
    await vi.waitUntil(() => world.asked.length > 0);
    controller.abort();
    const line = 'hangtag_http_requests_total{method="POST",route="/products/:id/tags",status="499"} 1';
    await vi.waitFor(async () => expect(await samples('hangtag_http_requests_total')).toEqual([line]));
  });

  test('random paths make no new series', async () => {
    const path = fc.array(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 4 });
    const method = fc.constantFrom('GET', 'POST', 'DELETE', 'PROPFIND', 'SEARCH');
    await fc.assert(
      fc.asyncProperty(path, method, async (parts, name) => {
        const url = `/${parts.map(encodeURIComponent).join('/')}`;
        await world.app.inject({ method: name as 'GET', url, headers: { host: 'localhost' } });
      }),
      { numRuns: 300 },
    );
    const counted = await samples('hangtag_http_requests_total');
    const routes = counted.map((line) => /route="([^"]*)"/.exec(line)![1]);
    expect(new Set(routes)).toEqual(new Set(['unknown']));
    expect(routes.length).toBeLessThan(10);
    expect(await samples('hangtag_http_request_duration_seconds_count')).toHaveLength(1);
  });

  test.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])(
    '%s may read them',
    async (remoteAddress) => {
      expect((await get('/metrics', { remoteAddress })).statusCode).toBe(200);
    },
  );

  test.each(['10.0.0.7', '128.0.0.1', '::2', '::ffff:10.0.0.7', 'fe80::1'])(
    '%s may not',
    async (remoteAddress) => {
      const answer = await get('/metrics', { remoteAddress });
      expect(answer.statusCode).toBe(401);
      expect(answer.body).not.toContain('hangtag_');
    },
  );

  test.each(['forwarded', 'x-forwarded-for'])('nor whoever a proxy names in %s', async (header) => {
    expect((await get('/metrics', { headers: { [header]: '127.0.0.1' } })).statusCode).toBe(401);
  });
});

test('without a meter there is no such path', async () => {
  const plain = await createWorld();
  const answer = await plain.app.inject({ url: '/metrics', headers: { host: 'localhost' } });
  expect(answer.statusCode).toBe(404);
  await plain.app.close();
});
