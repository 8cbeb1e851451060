import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseImportArguments } from '../../../src/cli/import/arguments.ts';
import { retryAfterMs } from '../../../src/cli/import/client.ts';
import { runImport } from '../../../src/cli/import/import.ts';
import { describeCount } from '../../../src/cli/import/progress.ts';

let folder: string;
let server: Server;
let url: string;
let sent: { id: string; body: string; key: string | undefined }[];
/** Answers a product; true where it did. */
let behave: (id: string, reply: ServerResponse, times: number) => boolean;
let stop: AbortController;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-import-'));
  sent = [];
  behave = () => false;
  stop = new AbortController();
  server = createServer(async (request, reply) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const id = decodeURIComponent(/^\/products\/([^/]+)\/tags$/.exec(request.url ?? '')?.[1] ?? '');
    if (id === '') return void reply.writeHead(200).end('{}');
    sent.push({ id, body: Buffer.concat(chunks).toString('latin1'), key: request.headers.authorization });
    const times = sent.filter((one) => one.id === id).length;
    if (!behave(id, reply, times)) reply.writeHead(200).end('{"images":[]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const put = async (name: string, content = 'pixels') => {
  await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
  await writeFile(path.join(folder, name), content);
};
const problem = (reply: ServerResponse, status: number, headers = {}) => {
  reply.writeHead(status, headers).end(JSON.stringify({ code: 'a.code', detail: 'What is wrong.' }));
  return true;
};

async function run(source: string, options: { restart?: boolean; key?: string; concurrency?: number } = {}) {
  const lines: string[] = [];
  const { restart = false, key = null, concurrency = 2 } = options;
  const code = await runImport(
    { source: path.join(folder, source), concurrency, restart, dryRun: false },
    {
      server: { url, key, stop: stop.signal, firstWaitMs: 1, tries: 3 },
      screen: { isTerminal: false, write: () => {} },
      print: (line) => lines.push(line),
    },
  );
  return { code, text: lines.join('\n') };
}
const ids = () => sent.map((one) => one.id).sort();

describe('sources', () => {
  test('a folder: files are products, sub-folders products of up to eight by name', async () => {
    await put('shop/a 1.jpg');
    await put('shop/notes.txt');
    for (let index = 1; index <= 10; index++) await put(`shop/dress/${index}.png`, `photo ${index}`);
    const { code, text } = await run('shop', { key: 'ht_a_b' });
    expect([code, ids()]).toEqual([0, ['a 1', 'dress']]);
    expect(text).toContain('dress/ has 10 photos; the first 8 by name are sent');
    expect(text).toContain('notes.txt is no photo');
    const dress = sent.find((one) => one.id === 'dress')!;
    expect(dress.key).toBe('Bearer ht_a_b');
    expect([...dress.body.matchAll(/filename="(\d+)\.png"/g)].map((found) => found[1])).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
      '8',
    ]);
  });

  test('CSV and NDJSON carry their fields', async () => {
    await put('p/a.jpg');
    await put('p/b.jpg');
    await put(
      'list.csv',
      'id,images,category,title,variant,views\n"x/1",p/a.jpg|p/b.jpg,dress,"A, B",navy,front|\n',
    );
    expect((await run('list.csv')).code).toBe(0);
    expect(sent[0]!.id).toBe('x/1');
    for (const value of ['dress', 'A, B', 'navy,navy', 'front,'])
      expect(sent[0]!.body).toContain(`\r\n\r\n${value}\r\n`);
    await put('list.ndjson', '{"id":"y","images":["p/a.jpg"],"title":null,"views":["back"]}\n\n');
    expect((await run('list.ndjson')).code).toBe(0);
    expect(sent[1]!.body).toContain('\r\n\r\nback\r\n');
  });

  test('every mistake is named by its line, and nothing is sent', async () => {
    await put('bad.csv', 'id,images\n1,a.jpg\n2\n,b.jpg\n1,c.jpg\n"3,d.jpg\n');
    const { code, text } = await run('bad.csv');
    expect([code, sent]).toEqual([2, []]);
    for (const part of [
      'line 3: 1 fields',
      'line 4: there is no id',
      'line 5: the id "1" stands at line 2',
      'line 6: a quote',
    ])
      expect(text).toContain(part);
    await put('odd.csv', 'id,images,colour\n1,a.jpg,red\n');
    expect((await run('odd.csv')).text).toContain('"colour" is not known; known are id, images, category');
    await put(
      'bad.ndjson',
      '{"id":"1","images":["a"],"attribute":{}}\nnope\n{"id":7,"images":["a"]}\n{"id":"..","images":[]}\n' +
        '{"id":"5","images":["a"],"attributes":{"color":"navy"}}\n{"id":"6","images":["a"],"attributes":{"color":[""]}}',
    );
    const lines = (await run('bad.ndjson')).text;
    for (const part of [
      'line 1: "attribute" is not known',
      'line 2: this is not JSON',
      'line 3: "id" must be text',
      'line 4: ',
      'line 5: "attributes" must be an object',
      'line 6: "color/" is not <attribute>/<value>',
    ])
      expect(lines).toContain(part);
    expect((await run('absent.csv')).code).toBe(2);
  });
});

describe('resuming', () => {
  beforeEach(async () => {
    for (const name of ['a', 'b', 'c']) await put(`shop/${name}.jpg`, name);
  });

  test('what is done and unchanged is not sent again; --restart sends all', async () => {
    await run('shop');
    expect((await run('shop')).text).toContain('0 tagged, 3 unchanged');
    expect(ids()).toEqual(['a', 'b', 'c']);
    await put('shop/b.jpg', 'another picture');
    await run('shop');
    expect(ids()).toEqual(['a', 'b', 'b', 'c']);
    await run('shop', { restart: true });
    expect(sent).toHaveLength(7);
  });

  test('a line that a kill cut off costs one product, no more', async () => {
    behave = (id, reply) => id === 'c' && problem(reply, 422);
    await run('shop');
    const file = path.join(folder, 'shop.hangtag-import');
    await appendFile(file, '{"id":"c","inp');
    behave = () => false;
    sent = [];
    expect((await run('shop')).code).toBe(0);
    expect(ids()).toEqual(['c']);
    expect((await run('shop')).text).toContain('3 unchanged');
    expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(4);
  });

  test('stopped by the user: what is on its way is stored, the rest waits for the next run', async () => {
    behave = () => {
      stop.abort();
      return false;
    };
    const { code, text } = await run('shop', { concurrency: 1 });
    expect([code, ids()]).toEqual([1, ['a']]);
    expect(text).toContain('1 tagged, 0 unchanged, 0 failed, 2 not sent');
    stop = new AbortController();
    behave = () => false;
    expect((await run('shop')).code).toBe(0);
    expect(ids()).toEqual(['a', 'b', 'c']);
  });
});

describe('trouble', () => {
  beforeEach(() => put('shop/a.jpg'));

  test('busy answers are tried again after what they ask for', async () => {
    behave = (_id, reply, times) =>
      times < 3 && problem(reply, times === 1 ? 429 : 503, { 'retry-after': '1' });
    const started = Date.now();
    expect((await run('shop')).code).toBe(0);
    expect(sent).toHaveLength(3);
    expect(Date.now() - started).toBeGreaterThanOrEqual(1900);
  });

  test('patience ends; what fails is listed, kept in a file, and tried by the next run', async () => {
    behave = (_id, reply) => problem(reply, 503, { 'retry-after': '0' });
    const { code, text } = await run('shop');
    expect([code, sent.length]).toEqual([1, 3]);
    expect(text).toContain('a: What is wrong. (a.code)');
    const kept = JSON.parse(await readFile(path.join(folder, 'shop.failures.ndjson'), 'utf8'));
    expect(kept).toEqual({ id: 'a', status: 503, code: 'a.code', detail: 'What is wrong.' });
    behave = () => false;
    expect((await run('shop')).code).toBe(0);
    await expect(readFile(path.join(folder, 'shop.failures.ndjson'))).rejects.toThrow('ENOENT');
  });

  test('a refusal is not tried again, and a missing file is its product’s fault alone', async () => {
    behave = (_id, reply) => problem(reply, 422);
    await run('shop');
    expect(sent).toHaveLength(1);
    await put('list.csv', 'id,images\ngone,nowhere.jpg\nb,shop/a.jpg\n');
    behave = () => false;
    const { code, text } = await run('list.csv');
    expect([code, ids()]).toEqual([1, ['a', 'b']]);
    expect(text).toMatch(/gone: There is no .*nowhere\.jpg/);
  });

  test('a picture that could not be used is listed, its product done', async () => {
    behave = (_id, reply) => {
      reply.end(
        JSON.stringify({ images: [{ index: 0, error: { code: 'image.unreadable', detail: 'Broken.' } }] }),
      );
      return true;
    };
    expect(await run('shop')).toMatchObject({ code: 1, text: expect.stringContaining('a.jpg: Broken.') });
    // Nor is it forgotten by the runs that come after.
    const again = await run('shop');
    expect([again.code, sent.length]).toEqual([1, 1]);
    expect(again.text).toContain('a.jpg: Broken.');
    expect(again.text).toContain('0 tagged, 1 unchanged');
  });

  test('a broken connection is tried again; a server that is away or refuses the key ends the run', async () => {
    behave = (_id, reply, times) => {
      if (times > 1) return false;
      reply.destroy();
      return true;
    };
    expect((await run('shop')).code).toBe(0);
    behave = (_id, reply) => problem(reply, 403);
    expect(await run('shop', { restart: true })).toMatchObject({
      code: 2,
      text: expect.stringContaining('refuses: What is wrong.'),
    });
    behave = (_id, reply) => problem(reply, 401);
    expect(await run('shop', { restart: true })).toMatchObject({
      code: 2,
      text: expect.stringContaining('HANGTAG_API_KEY'),
    });
    url = 'http://127.0.0.1:1';
    expect(await run('shop')).toMatchObject({ code: 1, text: expect.stringContaining('does not answer') });
  });
});

test('arguments, Retry-After, progress', () => {
  expect(parseImportArguments([])).toContain('Name one');
  expect(parseImportArguments(['a', '--concurrency', '0'])).toContain('1 to 32');
  expect(parseImportArguments(['/a/', '--restart'])).toEqual({
    source: '/a',
    concurrency: 4,
    restart: true,
    dryRun: false,
  });
  const id = '5a3c7d52-7d1d-4a53-9a3c-2f9f6f1c2d10';
  expect(parseImportArguments(['--follow', id])).toEqual({ verb: 'follow', id });
  expect(parseImportArguments(['--cancel', 'x'])).toContain('is no id of an import');
  expect(parseImportArguments(['a', '--pause', id])).toContain('nothing else');
  expect(retryAfterMs('3')).toBe(3000);
  expect(retryAfterMs('Thu, 01 Jan 1970 00:00:05 GMT', 1000)).toBe(4000);
  expect(retryAfterMs('soon')).toBe(0);
  expect(describeCount({ total: 100, skipped: 10, tagged: 18, failed: 2 }, 10)).toBe(
    '30/100  2.0/s  eta 35s  2 failed',
  );
});
