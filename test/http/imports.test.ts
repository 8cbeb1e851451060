import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { importFailuresSchema, importPageSchema, importSchema } from '../../src/http/wire-imports.ts';
import { sampleFailures, sampleImport } from './fake-imports.ts';
import { createWorld, type World } from './fake-services.ts';

let world: World;
afterEach(() => world?.app.close());
const ndjson = { host: 'localhost', 'content-type': 'application/x-ndjson' };
const post = (payload: string | object, headers: Record<string, string> = ndjson, query = '') =>
  world.app.inject({ method: 'POST', url: `/admin/imports${query}`, headers, payload });
const get = (url: string, headers: Record<string, string> = {}) =>
  world.app.inject({ url, headers: { host: 'localhost', ...headers } });
const one = `/admin/imports/${sampleImport.id}`;

describe('POST /admin/imports', () => {
  test('lines: handed on as they came, accepted with where to ask', async () => {
    world = await createWorld();
    const answer = await post('{"productId":"a"}\n', { ...ndjson, 'idempotency-key': 'k' }, '?dryRun=true');
    expect([answer.statusCode, answer.headers.location]).toEqual([202, one]);
    expect(importSchema.parse(answer.json())).toMatchObject({
      state: 'planning',
      dryRun: true,
      source: { body: true },
    });
    expect(world.imports.received).toEqual([
      { source: '{"productId":"a"}\n', dryRun: true, call: { scope: '', key: 'k' } },
    ]);
  });

  test('a body that announces nothing, larger than other requests may be, counts as little', async () => {
    world = await createWorld({ requestBytes: 1000, bytesInFlight: 9 * 2 ** 20 });
    const part = Buffer.alloc(2 ** 16, 'x\n');
    const stream = Readable.from(Array.from({ length: 64 }, () => part));
    const answer = await post(stream, { ...ndjson, 'transfer-encoding': 'chunked' });
    expect(answer.statusCode).toBe(202);
    expect(world.imports.received[0]!.source).toHaveLength(2 ** 22);
    const huge = await post('x', { ...ndjson, 'content-length': String(2 ** 30 + 1) });
    expect([huge.statusCode, huge.json().code]).toEqual([413, 'request.too_large']);
    // Others are held to their own measure.
    const other = await world.app.inject({
      method: 'POST',
      url: '/products/a/tags',
      headers: { host: 'localhost', 'content-type': 'application/json' },
      payload: 'x'.repeat(1001),
    });
    expect(other.statusCode).toBe(413);
  });

  test('a file that is named, by URL or in a bucket; anything else is refused', async () => {
    world = await createWorld();
    const json = { host: 'localhost', 'content-type': 'application/json' };
    const named = await post({ url: 'https://a.example/x?s=1' }, json);
    expect([named.statusCode, named.json().state]).toEqual([202, 'receiving']);
    expect((await post({ s3: 's3://b/k' }, json)).statusCode).toBe(202);
    expect(world.imports.received.map(({ source }) => JSON.parse(source))).toEqual([
      { kind: 'url', url: 'https://a.example/x?s=1' },
      { kind: 's3', uri: 's3://b/k' },
    ]);
    for (const body of [{}, { url: 'a', s3: 'b' }, { url: '' }, { url: 7 }, { lines: [] }, []]) {
      const answer = await post(body, json);
      expect([answer.statusCode, answer.json().code], JSON.stringify(body)).toEqual([
        400,
        'request.malformed',
      ]);
    }
    expect((await post('', ndjson, '?dryRun=maybe')).statusCode).toBe(400);
    for (const type of ['text/csv', 'multipart/form-data; boundary=x'])
      expect((await post('a', { host: 'localhost', 'content-type': type })).statusCode, type).toBe(415);
    // Lines are for this route alone.
    const elsewhere = await world.app.inject({
      method: 'POST',
      url: '/products/a/tags',
      headers: ndjson,
      payload: '{}',
    });
    expect(elsewhere.statusCode).toBe(415);
  });

  test('over a socket: longer than a request may take, as long as it moves', async () => {
    world = await createWorld({ requestTimeoutMs: 1200 });
    await world.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = world.app.server.address() as AddressInfo;
    const head = (more = '') =>
      `POST /admin/imports HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n${more}\r\n`;
    const open = async () => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      let text = '';
      socket.on('data', (data) => (text += data));
      return { socket, closed: once(socket, 'close'), text: () => text };
    };
    const slow = await open();
    slow.socket.write(head('connection: close\r\n'));
    for (let part = 0; part < 7; part++) {
      slow.socket.write('3\r\n{}\n\r\n');
      await sleep(500);
    }
    slow.socket.write('0\r\n\r\n');
    await slow.closed;
    expect(slow.text()).toContain('HTTP/1.1 202');
    expect(world.imports.received[0]!.source).toBe('{}\n'.repeat(7));

    const silent = await open();
    silent.socket.write(`${head()}3\r\n{}\n\r\n`);
    await silent.closed;
    expect(silent.text()).toContain('HTTP/1.1 400');
    expect(silent.text()).toContain('The body stood still for 1 s');

    const gone = await open();
    gone.socket.write(`${head()}3\r\n{}\n\r\n`);
    await sleep(100);
    gone.socket.destroy();
    await sleep(100);
    expect(world.imports.received).toHaveLength(1);
    expect(world.lines.filter((line) => line.includes('unexpected'))).toEqual([]);

    // The same key again: answered without its body.
    world.imports.known = { ...sampleImport, state: 'finished' };
    const again = await open();
    again.socket.write(`${head()}3\r\n{}\n\r\n`);
    await new Promise<void>((resolve) => again.socket.once('data', () => resolve()));
    expect(again.text()).toContain('HTTP/1.1 202');
    again.socket.end('0\r\n\r\n');
    await again.closed;
    expect(again.text()).toContain('"state":"finished"');
  }, 20_000);
});

describe('asking', () => {
  test('one, the list, the failures: page by page', async () => {
    world = await createWorld();
    expect(importSchema.parse((await get(one)).json()).progress.ratePerSecond).toBe(2.5);
    const page = importPageSchema.parse((await get('/admin/imports?limit=1')).json());
    expect(page.items).toHaveLength(1);
    expect((await get(`/admin/imports?limit=1&cursor=${page.next}`)).json().next).toBeNull();
    const failures = importFailuresSchema.parse((await get(`${one}/failures?limit=2`)).json());
    expect(failures.items).toEqual(sampleFailures);
    await get(`${one}/failures?cursor=${failures.next}`);
    expect(world.imports.asked).toEqual([
      [1, null],
      [1, { created: 1e15, id: sampleImport.id }],
      [sampleImport.id, 2, 0],
      [sampleImport.id, 50, 4],
    ]);
    expect((await get(`${one}/failures?cursor=${page.next}`)).statusCode).toBe(400);
  });

  test('failed lines as they came, for whoever asks for lines', async () => {
    world = await createWorld();
    const answer = await get(`${one}/failures`, { accept: 'application/x-ndjson' });
    expect(answer.headers['content-type']).toBe('application/x-ndjson');
    expect(answer.body).toBe('{"productId":"sku-4"}\nnot json\n');
    const unknown = await get('/admin/imports/00000000-0000-4000-8000-000000000000/failures', {
      accept: 'application/x-ndjson',
    });
    expect([unknown.statusCode, unknown.json().code]).toEqual([404, 'import.not_found']);
  });

  test('pause, resume, cancel; what does not fit is a conflict, what is unknown is not found', async () => {
    world = await createWorld();
    const ask = (url: string) => world.app.inject({ method: 'POST', url, headers: { host: 'localhost' } });
    expect((await ask(`${one}/pause`)).json().state).toBe('paused');
    expect(
      (await ask(`${one.toUpperCase().replace('/ADMIN/IMPORTS', '/admin/imports')}/resume`)).json().state,
    ).toBe('running');
    expect((await ask(`${one}/cancel`)).json().state).toBe('cancelled');
    const late = await ask(`${one}/cancel`);
    expect([late.statusCode, late.json().code]).toEqual([409, 'job.conflict']);
    expect((await ask('/admin/imports/x/pause')).statusCode).toBe(404);
    expect((await get('/admin/imports/x')).json().code).toBe('import.not_found');
  });
});
