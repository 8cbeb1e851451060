import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problemSchema } from '../../src/http/wire-schemas.ts';
import { createWorld, form, photo, sampleTagSet, type World } from './fake-services.ts';

let world: World;
const sockets: Socket[] = [];
beforeEach(async () => {
  world = await createWorld({ requestBytes: 2 ** 22 });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await world.app.close();
});

/** A socket to the service that never closes by itself, and all that came back on it so far. */
async function dial(): Promise<{ socket: Socket; received: () => string }> {
  if (!world.app.server.listening) await world.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = world.app.server.address() as { port: number };
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return { socket, received: () => text };
}

async function until(happened: () => boolean | Promise<boolean>, ms = 3000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await happened())) {
    if (performance.now() > end) throw new Error('it never happened');
    await sleep(10);
  }
}

const postJson = (body: unknown) =>
  world.app.inject({
    method: 'POST',
    url: '/products/sku/tags',
    headers: { host: 'localhost', 'content-type': 'application/json' },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  });
const bodyOf = (reply: string) => problemSchema.parse(JSON.parse(reply.slice(reply.indexOf('{'))));

describe('work that one request can cause', () => {
  test('base64 of nothing but padding is refused in linear time', async () => {
    const start = performance.now();
    const answer = await postJson({ images: [{ base64: `${'='.repeat(2 ** 21)}x` }] });
    expect([answer.statusCode, answer.json().code]).toEqual([422, 'image.unreadable']);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test.each([
    ['YQ==', 'a'],
    ['YWI=', 'ab'],
    ['YWJj', 'abc'],
    ['YQ', 'a'],
  ])('base64 %s is read', async (base64, text) => {
    expect((await postJson({ images: [{ base64 }] })).statusCode).toBe(200);
    expect(Buffer.from(world.asked[0]!.images[0]!.content as Uint8Array).toString()).toBe(text);
  });

  test.each(['YQ===', '====', 'Y Q=', 'YW.Jj', ''])('base64 %j is not', async (base64) => {
    expect((await postJson({ images: [{ base64 }] })).json().code).toBe('image.unreadable');
  });

  test('many images are counted before they are looked at', async () => {
    const start = performance.now();
    const answer = await postJson(`{"images":[${'1,'.repeat(15_000)}1]}`);
    expect([answer.statusCode, answer.json().code]).toEqual([413, 'image.too_many']);
    const more = await postJson(`{"images":[${'1,'.repeat(500_000)}1]}`);
    expect([more.statusCode, more.json().code]).toEqual([413, 'request.too_large']);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test('a refusal stays small, whatever it is about', async () => {
    const key = await postJson({ images: [], ['k'.repeat(2 ** 20)]: 1 });
    const names = await world.app.inject({
      method: 'POST',
      url: `/products/sku/tags?attributes=${'x,'.repeat(4000)}`,
      ...form([photo()]),
    });
    for (const answer of [key, names]) {
      expect(answer.statusCode).toBe(400);
      expect(answer.body.length).toBeLessThan(10_000);
      problemSchema.parse(answer.json());
    }
  });

  test('a form without an announced length ends at the cap, dropped bytes included', async () => {
    await world.app.close();
    world = await createWorld({ requestBytes: 22 * 2 ** 20 });
    const { socket, received } = await dial();
    socket.write(
      'POST /products/a/tags HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n',
    );
    const head = '--b\r\ncontent-disposition: form-data; name="image"; filename="a"\r\n\r\n';
    socket.write(`${head.length.toString(16)}\r\n${head}\r\n`);
    const mebibyte = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(2 ** 20), Buffer.from('\r\n')]);
    let sent = 0;
    // Never the end of the part: the first 20 MiB are kept, the next dropped, the rest not even received.
    while (received() === '' && sent < 60) {
      sent++;
      if (!socket.write(mebibyte)) await Promise.race([once(socket, 'drain').catch(() => {}), sleep(200)]);
      await sleep(2);
    }
    expect(bodyOf(received())).toMatchObject({ status: 413, code: 'request.too_large' });
    expect(sent).toBeLessThan(40);
    expect(world.asked).toHaveLength(0);
  });
});

test('a caller who reads only after sending everything still gets the refusal', async () => {
  const { socket, received } = await dial();
  const bytes = 2 ** 23;
  socket.pause();
  socket.write(
    `POST /products/a/tags HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: ${bytes}\r\n\r\n`,
  );
  for (let sent = 0; sent < bytes; sent += 2 ** 16) {
    if (!socket.write(Buffer.alloc(2 ** 16))) await once(socket, 'drain');
  }
  socket.resume();
  await until(() => received().includes('}'));
  expect(bodyOf(received())).toMatchObject({ status: 413, code: 'request.too_large' });
  expect(received()).toContain('connection: close');
});

describe('what is said to strange requests', () => {
  test('an image that is text, and text that is JSON, are named', async () => {
    const answer = await world.app.inject({
      method: 'POST',
      url: '/products/sku/tags',
      ...form([{ name: 'image', content: 'x' }]),
    });
    expect(answer.json()).toMatchObject({ status: 400, detail: expect.stringContaining('has to be a file') });
    const { payload, headers } = form([photo(), { name: 'title', content: '{"a":1}' }]);
    const json = payload.toString().replace('name="title"', 'name="title"\r\ncontent-type: application/json');
    const refused = await world.app.inject({
      method: 'POST',
      url: '/products/sku/tags',
      headers,
      payload: json,
    });
    expect(refused.json()).toMatchObject({ status: 400, detail: expect.stringContaining('not plain text') });
  });

  test('an id of any length is refused as an id', async () => {
    const url = `/products/${'a'.repeat(9000)}/tags`;
    const answer = await world.app.inject({ url, headers: { host: 'localhost' } });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'product.invalid_id']);
  });

  test('a number as a program prints it is a number', async () => {
    const url = `/products/sku/tags?minConfidence=${0.1 + 0.2}`;
    expect((await world.app.inject({ method: 'POST', url, ...form([photo()]) })).statusCode).toBe(200);
  });

  test('a path that cannot be decoded has its request id and its line in the log', async () => {
    const answer = await world.app.inject({
      url: '/products/%ff/tags?api_key=hush',
      headers: { host: 'localhost', 'x-request-id': 'mine' },
    });
    expect([answer.statusCode, answer.headers['x-request-id']]).toEqual([400, 'mine']);
    await until(() => world.lines.some((line) => line.includes('/products/%ff/tags')));
  });

  test.each([
    ['GARBAGE\r\n\r\n', 'not a well-formed'],
    [`GET / HTTP/1.1\r\nHost: localhost\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`, 'headers are too large'],
  ])(
    '%.20j is answered, and the connection is gone though the caller keeps his side open',
    async (text, detail) => {
      const { socket, received } = await dial();
      socket.write(text);
      await until(() => received().includes('}'));
      expect(bodyOf(received())).toMatchObject({ status: 400, detail: expect.stringContaining(detail) });
      expect(received()).toMatch(/x-request-id: [0-9a-f-]{36}/);
      await until(
        () =>
          new Promise((resolve) => {
            world.app.server.getConnections((_, count) => resolve(count === 0));
          }),
      );
    },
  );
});

describe('callers who stall', () => {
  const head = 'POST /products/a/tags HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\nContent-Type: ';
  beforeEach(async () => {
    await world.app.close();
    world = await createWorld({ requestTimeoutMs: 150, bytesInFlight: 1500 });
  });

  test.each([
    ['headers', 'POST / HT', 400],
    ['a raw body', `${head}image/png\r\n\r\nabc`, 400],
    ['JSON', `${head}application/json\r\n\r\n{`, 400],
    ['a form', `${head}multipart/form-data; boundary=b\r\n\r\n--b\r\n`, 504],
  ])('stuck in %s: answered, and its bytes are free again', async (_, start, status) => {
    const { socket, received } = await dial();
    socket.write(start);
    await until(() => received().includes('}'));
    expect(bodyOf(received()).status).toBe(status);
    expect(received().split('HTTP/1.1')).toHaveLength(2);
    socket.destroy();
    await until(
      async () => (await postJson({ images: [{ base64: 'YQ=='.repeat(200) }] })).statusCode !== 503,
    );
  });
});

describe('the log', () => {
  test('one line per request, without query and headers', async () => {
    await world.app.inject({
      url: '/products/sku/tags?api_key=hush',
      headers: { host: 'localhost', authorization: 'Bearer hush', 'x-request-id': 'mine' },
    });
    await until(() => world.lines.length > 0);
    await sleep(20);
    expect(world.lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ reqId: 'mine', method: 'GET', path: '/products/sku/tags', status: 200 }),
    ]);
    expect(world.lines.join('')).not.toContain('hush');
  });

  test('a caller who hangs up has a line too', async () => {
    world.behave = () => new Promise(() => {});
    const { socket } = await dial();
    socket.write(
      'POST /products/a/tags HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 1\r\n\r\nx',
    );
    await until(() => world.asked.length === 1);
    socket.destroy();
    await until(() => world.lines.some((line) => JSON.parse(line).status === 499));
  });
});

test('a request that arrives while the service stops is still answered', async () => {
  let open!: () => void;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  world.behave = async (request) => {
    await gate;
    return sampleTagSet(request.productId);
  };
  const { socket, received } = await dial();
  socket.write(
    'POST /products/a/tags HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 1\r\n\r\nx',
  );
  await until(() => world.asked.length === 1);
  const closed = world.app.close();
  await sleep(50);
  socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await sleep(50);
  open();
  await until(() => received().split('HTTP/1.1 200').length === 3);
  socket.end();
  await closed;
});
