/** The command as the client of /admin/imports, against a server that does what it is told. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ImportArguments } from '../../../src/cli/import/arguments.ts';
import { runImport } from '../../../src/cli/import/import.ts';
import { describeRemote } from '../../../src/cli/import/remote-import.ts';

const id = '5a3c7d52-7d1d-4a53-9a3c-2f9f6f1c2d10';
const found = (
  changes: { state?: string; done?: number; failed?: number; error?: { code: string; detail: string } } = {},
) => {
  const { state = 'finished', done = 3, failed = 0, error = null } = changes;
  return {
    id,
    state,
    dryRun: false,
    plan: { total: 3, invalid: 0, repeated: 0, images: 3, estimate: { inferences: 2, seconds: null } },
    progress: { done, changed: done - failed, unchanged: 0, failed, ratePerSecond: 2, etaSeconds: 1 },
    error,
    createdAt: '2999-01-01T00:00:00.000Z',
  };
};

let folder: string;
let server: Server;
let url: string;
let calls: { what: string; body: string; key: string | undefined }[];
/** Answers; true where it did. */
let behave: (request: IncomingMessage, reply: ServerResponse, body: string) => boolean;
let looks: object[];
let stop: AbortController;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-remote-'));
  calls = [];
  looks = [found()];
  behave = () => false;
  stop = new AbortController();
  server = createServer(async (request, reply) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    const what = `${request.method} ${request.url}`;
    calls.push({ what, body, key: request.headers['idempotency-key'] as string | undefined });
    if (behave(request, reply, body)) return;
    if (what.startsWith('POST /admin/imports?') || what === 'POST /admin/imports')
      return void reply.writeHead(202).end(JSON.stringify(found({ state: 'planning', done: 0 })));
    if (what.includes('/failures')) {
      const second = what.includes('cursor=next');
      const failure = {
        line: second ? 7 : 2,
        productId: second ? 'b' : null,
        code: 'request.malformed',
        detail: '2 things are wrong.',
        errors: second
          ? []
          : [
              { detail: 'One.', pointer: '/a' },
              { detail: 'Two.', pointer: '/b' },
            ],
      };
      return void reply.end(JSON.stringify({ items: [failure], next: second ? null : 'next' }));
    }
    reply.end(JSON.stringify(looks.length > 1 ? looks.shift() : looks[0]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

async function run(args: Partial<ImportArguments> & { source?: string }, print = (_line: string) => {}) {
  const lines: string[] = [];
  const given = { concurrency: 2, restart: false, dryRun: false, ...args } as ImportArguments;
  const full = args.source ? { ...given, source: path.join(folder, args.source) } : given;
  const code = await runImport(full, {
    server: { url, key: 'ht_a_b', stop: stop.signal, firstWaitMs: 1, tries: 3 },
    screen: { isTerminal: false, write: () => {} },
    print: (line) => {
      lines.push(line);
      print(line);
    },
    everyMs: 1,
  });
  return { code, text: lines.join('\n') };
}
const put = (name: string, text: string) => writeFile(path.join(folder, name), text);

describe('what is sent', () => {
  test('the server’s own lines: as they are, byte for byte', async () => {
    const text = '\ufeff\n{"productId":"a","images":[]}\r\nnot json\n';
    await put('all.ndjson', text);
    expect((await run({ source: 'all.ndjson' })).code).toBe(0);
    expect(calls[0]).toMatchObject({ what: 'POST /admin/imports', body: text });
  });

  test('a CSV or NDJSON of URLs: as lines; the same file has the same name, --restart another', async () => {
    await put(
      'list.csv',
      'id,images,category,title,variant,views,attributes\na,https://x/1.jpg|s3://b/2.jpg,dress,Tee,navy|red,front|,color/navy|color/white\n',
    );
    await run({ source: 'list.csv' });
    expect(JSON.parse(calls[0]!.body)).toEqual({
      productId: 'a',
      images: [
        { url: 'https://x/1.jpg', view: 'front', variant: 'navy' },
        { s3: 's3://b/2.jpg', variant: 'red' },
      ],
      title: 'Tee',
      category: 'dress',
      attributes: { color: ['navy', 'white'] },
    });
    await run({ source: 'list.csv' });
    await run({ source: 'list.csv', restart: true });
    const keys = calls.filter(({ what }) => what.startsWith('POST')).map(({ key }) => key);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).not.toBe(keys[0]);
    await put('list.ndjson', '{"id":"b","images":["https://x/1.jpg"]}');
    calls = [];
    await run({ source: 'list.ndjson', dryRun: true });
    expect(calls[0]).toMatchObject({
      what: 'POST /admin/imports?dryRun=true',
      body: '{"productId":"b","images":[{"url":"https://x/1.jpg"}]}\n',
    });
  });

  test('URLs and files in one source are refused; files have no dry run', async () => {
    await put('mixed.ndjson', '{"id":"b","images":["https://x/1.jpg","a.jpg"]}');
    const mixed = await run({ source: 'mixed.ndjson' });
    expect([mixed.code, calls]).toEqual([2, []]);
    expect(mixed.text).toContain('1 images are URLs and 1 are files');
    await put('files.ndjson', '{"id":"b","images":["a.jpg"]}');
    expect((await run({ source: 'files.ndjson', dryRun: true })).text).toContain('--dry-run is for sources');
  });

  test('busy: sent again whole; refused: said, not sent again', async () => {
    await put('all.ndjson', '{"productId":"a"}\n');
    let times = 0;
    behave = (request, reply) => {
      if (request.method !== 'POST' || ++times > 2) return false;
      reply.writeHead(503, { 'retry-after': '0' }).end('{"detail":"Busy."}');
      return true;
    };
    expect((await run({ source: 'all.ndjson' })).code).toBe(0);
    expect(calls.slice(0, 3).map(({ body }) => body)).toEqual(
      Array.from({ length: 3 }, () => '{"productId":"a"}\n'),
    );
    behave = (_request, reply) => Boolean(reply.writeHead(403).end('{"detail":"Needs admin."}'));
    expect(await run({ source: 'all.ndjson' })).toMatchObject({
      code: 2,
      text: expect.stringContaining('Needs admin.'),
    });
    behave = (_request, reply) => Boolean(reply.writeHead(409).end('{"detail":"Another source."}'));
    expect(await run({ source: 'all.ndjson' })).toMatchObject({ code: 1, text: `${url}: Another source.` });
    url = 'http://127.0.0.1:1';
    expect(await run({ source: 'all.ndjson' })).toMatchObject({
      code: 1,
      text: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

describe('what becomes of it', () => {
  test('failures are listed with every problem, kept beside the source, page after page', async () => {
    await put('all.ndjson', '{"productId":"a"}\n');
    looks = [found({ state: 'running', done: 1 }), found({ failed: 2 })];
    const { code, text } = await run({ source: 'all.ndjson' });
    expect(code).toBe(1);
    expect(text).toContain('line 2: One. Two. (request.malformed)');
    expect(text).toContain('line 7, b: 2 things are wrong. (request.malformed)');
    expect(text).toContain('1 changed, 0 unchanged, 2 failed.');
    const kept = (await readFile(path.join(folder, 'all.ndjson.failures.ndjson'), 'utf8')).trim().split('\n');
    expect(kept.map((line) => JSON.parse(line))).toMatchObject([
      { line: 2, id: null, code: 'request.malformed', detail: 'One. Two.' },
      { line: 7, id: 'b' },
    ]);
    looks = [found()];
    await run({ source: 'all.ndjson' });
    await expect(readFile(path.join(folder, 'all.ndjson.failures.ndjson'))).rejects.toThrow('ENOENT');
  });

  test('it ends otherwise', async () => {
    looks = [
      found({ state: 'failed', done: 0, error: { code: 'import.source_unusable', detail: 'It is gone.' } }),
    ];
    const { code, text } = await run({ verb: 'follow', id });
    expect([code, text]).toEqual([1, expect.stringContaining('It is gone. (import.source_unusable)')]);
    expect(text).toContain('3 not done');
  });

  test('interrupted: it goes on, and how to find it is said', async () => {
    looks = [found({ state: 'running', done: 1 })];
    const ended = run({ verb: 'follow', id });
    setTimeout(() => stop.abort(), 50);
    expect(await ended).toMatchObject({ code: 1, text: expect.stringContaining(`--follow ${id}`) });
    expect(calls.every(({ what }) => what === `GET /admin/imports/${id}`)).toBe(true);
  });

  test('a server that is away for a moment is asked again; for longer, the import goes on without us', async () => {
    let times = 0;
    behave = (_request, reply) => {
      if (++times > 2) return false;
      reply.destroy();
      return true;
    };
    expect((await run({ verb: 'follow', id })).code).toBe(0);
    behave = (_request, reply) => Boolean(reply.destroy());
    expect(await run({ verb: 'follow', id })).toMatchObject({
      code: 1,
      text: expect.stringContaining('goes on'),
    });
  });

  test('pause, resume, cancel', async () => {
    for (const verb of ['pause', 'resume', 'cancel'] as const) {
      const { code, text } = await run({ verb, id });
      expect([code, text]).toEqual([0, expect.stringContaining(`Import ${id} is finished`)]);
      expect(calls.at(-1)!.what).toBe(`POST /admin/imports/${id}/${verb}`);
    }
  });

  test('progress in a line', () => {
    expect(describeRemote(found({ state: 'running', done: 1, failed: 1 }))).toBe(
      '1/3  2.0/s  eta 1s  1 failed',
    );
    expect(describeRemote(found({ state: 'paused', done: 1 }))).toBe('1/3  paused  2.0/s  eta 1s');
  });
});
