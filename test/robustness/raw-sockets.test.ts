/**
 * What is no request, or two in one: written to the socket byte by byte. Each gets a documented refusal or a closed
 * connection, never silence for ever and never a second meaning; afterwards the service is well.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemSchema } from '../../src/http/wire-schemas.ts';
import { type Doors, openDoors } from './doors.ts';
import { pictures } from './multipart-bodies.ts';

let doors: Doors;
beforeAll(async () => {
  doors = await openDoors({ store: 'memory', requestTimeoutMs: 1500 });
  const body = fc.sample(
    pictures.filter((bytes) => bytes.length > 200),
    { seed: 1, numRuns: 1 },
  )[0]!;
  const headers = { host: 'localhost', 'content-type': 'image/jpeg' };
  const sent = {
    door: 'open',
    by: 'inject',
    method: 'POST',
    url: '/products/victim/tags',
    headers,
    body,
    routed: true,
  } as const;
  expect((await doors.send(sent)).status).toBe(200);
});
afterAll(() => doors.close());

interface Reply {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

interface Heard {
  readonly replies: readonly Reply[];
  /** True where the service closed the connection, within the time. */
  readonly closed: boolean;
}

/** Milliseconds: the request timeout, the interval of looking for late ones, and room. */
const patience = 6000;

/** Writes these pieces, `pause` ms apart, keeps its own side open, and hears what comes until the service closes. */
async function say(pieces: readonly (string | Buffer)[], pause = 0, patient = patience): Promise<Heard> {
  const socket = connect({ port: doors.port, host: '127.0.0.1', allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  const ended = Promise.race([once(socket, 'end'), once(socket, 'close')]).then(
    () => true,
    () => true,
  );
  await once(socket, 'connect');
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
    if (pause > 0) await Promise.race([sleep(pause), ended]);
  }
  const closed = await Promise.race([ended, sleep(patient, false)]);
  socket.destroy();
  return { replies: parsed(Buffer.concat(chunks)), closed };
}

/** Answers one after the other, by their Content-Length. */
function parsed(bytes: Buffer): Reply[] {
  const replies: Reply[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\r\n\r\n', at);
    if (end < 0) throw new Error(`half an answer: ${bytes.subarray(at).toString().slice(0, 200)}`);
    const head = bytes.subarray(at, end).toString();
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
    const length =
      status === 100 || status === 204 ? 0 : Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    replies.push({ status, head, body: bytes.subarray(end + 4, end + 4 + length).toString() });
    at = end + 4 + length;
  }
  return replies;
}

const lines = (...all: readonly string[]) => `${all.join('\r\n')}\r\n\r\n`;
const host = 'Host: localhost';
const get = lines('GET /healthz HTTP/1.1', host);
const remove = lines('DELETE /products/victim HTTP/1.1', host);
const post = (...more: readonly string[]) =>
  lines('POST /products/raw/tags HTTP/1.1', host, 'Content-Type: application/json', ...more);

/** Two readings of where a request ends, with a deletion where one of them sees the next request. */
const smuggled: readonly (readonly [string, string])[] = [
  ['length and chunks', `${post('Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n${remove}`],
  ['chunks and length', `${post('Transfer-Encoding: chunked', 'Content-Length: 4')}0\r\n\r\n${remove}`],
  ['two lengths', `${post('Content-Length: 0', `Content-Length: ${remove.length}`)}${remove}`],
  ['a list of lengths', `${post(`Content-Length: 0, ${remove.length}`)}${remove}`],
  ['a length with a sign', `${post('Content-Length: +0')}${remove}`],
  ['a negative length', `${post('Content-Length: -1')}${remove}`],
  ['a hexadecimal length', `${post('Content-Length: 0x0')}${remove}`],
  ['a length with a space inside', `${post('Content-Length: 0 0')}${remove}`],
  ['a length before the colon', `${post('Content-Length : 0')}${remove}`],
  ['a length beyond all numbers', `${post('Content-Length: 99999999999999999999999')}${remove}`],
  [
    'chunked twice',
    `${post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked, identity')}0\r\n\r\n${remove}`,
  ],
  ['chunked, but not last', `${post('Transfer-Encoding: chunked, gzip')}0\r\n\r\n${remove}`],
  ['nearly chunked', `${post('Transfer-Encoding: xchunked')}0\r\n\r\n${remove}`],
  ['chunked after a vertical tab', `${post('Transfer-Encoding: \x0bchunked')}0\r\n\r\n${remove}`],
  [
    'chunked on a folded line',
    `${post('Transfer-Encoding:', ' chunked', 'Content-Length: 4')}0\r\n\r\n${remove}`,
  ],
  ['a chunk size beyond all numbers', `${post('Transfer-Encoding: chunked')}FFFFFFFFFFFFFFFFF\r\n${remove}`],
  ['a chunk size with a sign', `${post('Transfer-Encoding: chunked')}-1\r\n${remove}`],
  ['a chunk longer than it says', `${post('Transfer-Encoding: chunked')}1\r\nabc${remove}`],
  ['bare line feeds between chunks', `${post('Transfer-Encoding: chunked')}0\n\n${remove}`],
  [
    'a header ended by a carriage return alone',
    `${post('X: y\rTransfer-Encoding: chunked')}0\r\n\r\n${remove}`,
  ],
  ['a NUL in a header', `${post('X: a\0b', 'Content-Length: 0')}${remove}`],
];

const junk: readonly (readonly [string, readonly (string | Buffer)[]])[] = [
  ['a word', ['HELLO\r\n\r\n']],
  ['HTTP/0.9', ['GET /healthz\r\n\r\n']],
  ['HTTP/9.9', ['GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n']],
  ['the start of HTTP/2', ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']],
  ['the start of TLS', [Buffer.from('16030100c8010000c40303', 'hex'), Buffer.alloc(200, 7)]],
  ['an SSH greeting', ['SSH-2.0-OpenSSH_9.2\r\n']],
  ['random bytes', [Buffer.from(Array.from({ length: 3000 }, (_, n) => (n * 7919 + 13) % 251))]],
  ['zeros', [Buffer.alloc(100_000)]],
  ['a method nobody knows', [lines('FOO /healthz HTTP/1.1', host)]],
  ['a method in lower case', [lines('get /healthz HTTP/1.1', host)]],
  ['a method of 100,000 letters', [`${'A'.repeat(100_000)} / HTTP/1.1\r\n\r\n`]],
  ['a space in the path', [lines('GET /health z HTTP/1.1', host)]],
  ['a path of 100,000 characters', [lines(`GET /${'a'.repeat(100_000)} HTTP/1.1`, host)]],
  ['a header of 100,000 characters', [lines('GET /healthz HTTP/1.1', host, `X: ${'a'.repeat(100_000)}`)]],
  [
    '5,000 headers',
    [lines('GET /healthz HTTP/1.1', host, ...Array.from({ length: 5000 }, (_, n) => `X${n}: y`))],
  ],
  ['a header without a colon', [lines('GET /healthz HTTP/1.1', host, 'nonsense')]],
  ['a header with a space in its name', [lines('GET /healthz HTTP/1.1', host, 'a b: c')]],
  ['a header without a name', [lines('GET /healthz HTTP/1.1', host, ': c')]],
  ['a folded first header', [lines('GET /healthz HTTP/1.1', ' folded: x', host)]],
  ['no host', [lines('GET /healthz HTTP/1.1')]],
  ['a tunnel', [lines('CONNECT localhost:80 HTTP/1.1', host)]],
  ['a body of 100 MiB, announced', [lines('GET /healthz HTTP/1.1', host, 'Content-Length: 104857600')]],
];

/** Never well-formed as a whole, but with right answers on the way. */
const mixed: readonly (readonly [string, readonly string[], readonly number[]])[] = [
  [
    'fifty requests at once',
    [get.repeat(49), lines('GET /healthz HTTP/1.1', host, 'Connection: close')],
    Array<number>(50).fill(200),
  ],
  ['a request, and junk once it is answered', [get, 'JUNK\r\n\r\n'], [200, 400]],
  [
    'empty lines, then a request',
    ['\r\n\r\n', lines('GET /healthz HTTP/1.1', host, 'Connection: close')],
    [200],
  ],
  [
    'a host of one’s own and another',
    [lines('GET /healthz HTTP/1.1', host, 'Host: evil.example', 'Connection: close')],
    [200],
  ],
  [
    'an absolute path elsewhere',
    [lines('GET http://evil.example/healthz HTTP/1.1', host, 'Connection: close')],
    [200],
  ],
  ['the path *', [lines('OPTIONS * HTTP/1.1', host, 'Connection: close')], [404]],
  [
    'another protocol on offer',
    [
      lines(
        'GET /healthz HTTP/1.1',
        host,
        'Upgrade: h2c',
        'Connection: Upgrade, close',
        'HTTP2-Settings: AAMAAABk',
      ),
    ],
    [200],
  ],
  [
    'an expectation that nobody knows',
    [lines('GET /healthz HTTP/1.1', host, 'Expect: the-best', 'Connection: close')],
    [200],
  ],
  ['HTTP/1.0', [lines('GET /healthz HTTP/1.0', host)], [200]],
  [
    'a wait for 100',
    [post('Expect: 100-continue', 'Connection: close', 'Content-Length: 2'), '{}'],
    [100, 400],
  ],
];

async function isWell(): Promise<void> {
  const { replies } = await say([lines('GET /products/victim/tags HTTP/1.1', host, 'Connection: close')]);
  expect(replies.map(({ status }) => status)).toEqual([200]);
  expect(doors.errors).toEqual([]);
}

function expectRefusal({ status, head, body }: Reply): void {
  expect(head).toMatch(/^x-request-id: [\w.-]+\r?$/im);
  expect(head).toMatch(/^content-type: application\/problem\+json/im);
  expect(problemSchema.parse(JSON.parse(body)).status).toBe(status);
}

describe('two requests in one', () => {
  test.each(smuggled)('%s: refused or answered once, and nothing hidden is done', async (_, text) => {
    const { replies, closed } = await say([text]);
    expect(closed).toBe(true);
    expect(replies.length).toBeLessThanOrEqual(1);
    for (const reply of replies) {
      expect([400, 413]).toContain(reply.status);
      expectRefusal(reply);
    }
    await isWell();
  });
});

describe('what is no request', () => {
  test.each(junk)('%s: refused in our words, or cut off', async (_, pieces) => {
    const { replies, closed } = await say(pieces);
    expect(closed).toBe(true);
    expect(replies.length).toBeLessThanOrEqual(1);
    for (const reply of replies) {
      expect([400, 403, 404, 413]).toContain(reply.status);
      expectRefusal(reply);
    }
    await isWell();
  });

  test.each(mixed)('%s', async (_, pieces, statuses) => {
    const { replies, closed } = await say(pieces, 100);
    expect(replies.map(({ status }) => status)).toEqual(statuses);
    expect(closed).toBe(true);
    await isWell();
  });
});

describe('callers who take their time', () => {
  test.each([
    ['headers, one byte at a time', [...lines('GET /healthz HTTP/1.1', host, `X: ${'y'.repeat(100)}`)], 40],
    ['headers without end', Array.from({ length: 200 }, (_, n) => `X${n}: y\r\n`), 30],
    ['a body, one byte at a time', [post('Content-Length: 200'), ...Array<string>(199).fill(' ')], 40],
    [
      'chunks of one byte',
      [post('Transfer-Encoding: chunked'), ...Array<string>(200).fill('1\r\n \r\n')],
      40,
    ],
    ['nothing at all after the first line', ['GET /healthz HTTP/1.1\r\n'], 0],
  ])('%s: cut off with an answer', { timeout: 30_000 }, async (name, pieces, pause) => {
    const start =
      name === 'headers without end' ? ['GET /healthz HTTP/1.1\r\nHost: localhost\r\n', ...pieces] : pieces;
    const { replies, closed } = await say(start, pause);
    expect(closed).toBe(true);
    expect(replies).toHaveLength(1);
    expect(replies[0]!.status).toBe(400);
    expectRefusal(replies[0]!);
    await isWell();
  });

  test('500 connections that say nothing keep nobody out', { timeout: 30_000 }, async () => {
    const silent = await Promise.all(
      Array.from({ length: 500 }, async () => {
        const socket = connect({ port: doors.port, host: '127.0.0.1' });
        socket.on('error', () => {});
        await once(socket, 'connect');
        socket.write('POST /products/x/tags HTTP/1.1\r\n');
        return socket;
      }),
    );
    await isWell();
    for (const socket of silent) socket.resetAndDestroy();
    await isWell();
  });

  test('200 callers who leave in the middle of their body', { timeout: 30_000 }, async () => {
    await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        const socket = connect({ port: doors.port, host: '127.0.0.1' });
        socket.on('error', () => {});
        await once(socket, 'connect');
        const type = ['image/jpeg', 'application/json', 'multipart/form-data; boundary=b'][n % 3];
        socket.write(
          `POST /products/left-${n}/tags HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: 5000\r\n\r\n--b\r\n`,
        );
        await sleep(n % 20);
        if (n % 2) socket.resetAndDestroy();
        else socket.end();
      }),
    );
    await sleep(200);
    await isWell();
  });
});
