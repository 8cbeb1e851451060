/** Imports as an operator knows them: the real service over HTTP and the real command, a shop's server of pictures, and kills. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { command } from '../command.ts';
import { longRuns } from '../long-runs.ts';
import { type OwnDatabase, ownDatabase } from './own-database.ts';
import { type Service, startService } from './service.ts';

const root = path.resolve(import.meta.dirname, '../..');
const photo = await readFile(path.join(root, 'test/fixtures/images/tall.jpg'));
let shop: Server;
let pictures = '';
let lines = '';
const sent: string[] = [];
let database: OwnDatabase;
let folder: string;
let settings: Record<string, string>;
let service: Service;
/** Whether lines are worked into products yet. */
let ingests = false;

beforeAll(async () => {
  shop = createServer((asked, answer) => {
    const { pathname } = new URL(asked.url ?? '/', 'http://x');
    sent.push(pathname);
    if (pathname === '/all.ndjson') answer.end(lines);
    else if (pathname === '/inside.ndjson')
      answer.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
    else if (!pathname.startsWith('/photo')) answer.writeHead(404).end();
    else if (asked.headers['if-none-match'] === '"1"') answer.writeHead(304).end();
    else answer.setHeader('etag', '"1"').end(Buffer.concat([photo, Buffer.from(pathname)]));
  });
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
  pictures = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
  database = await ownDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-imports-'));
  settings = { ...database.settings, DATA_DIR: folder, FETCH_ALLOW_ORIGINS: pictures };
  service = await startService(settings);
  const probe = await over(await imported('{"productId":"probe","deleted":true}\n'));
  const { items } = await failuresOf(probe.id);
  ingests = !items.some(({ code }) => code === 'feature.unsupported');
}, 90_000);
afterAll(async () => {
  await service?.stop();
  await database?.drop();
  shop?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

interface Import {
  readonly id: string;
  readonly state: string;
  readonly code?: string;
  readonly plan: { readonly total: number; readonly invalid: number };
  readonly progress: Readonly<Record<'done' | 'changed' | 'unchanged' | 'failed', number>>;
  readonly error: { readonly detail: string } | null;
}
const ndjson = { 'content-type': 'application/x-ndjson' };
async function post(body: string, headers: Record<string, string> = ndjson, target = '/admin/imports') {
  const send = () => fetch(`${service.url}${target}`, { method: 'POST', headers, body });
  let answer = await send();
  // A busy machine sheds load, and says when to come back.
  for (let tries = 0; answer.status === 503 && tries < 20; tries++) {
    await sleep(Number(answer.headers.get('retry-after')) * 1000);
    answer = await send();
  }
  return { status: answer.status, body: (await answer.json()) as Import };
}
async function imported(body: string, headers: Record<string, string> = {}): Promise<Import> {
  const { status, body: found } = await post(body, { ...ndjson, ...headers });
  expect(status).toBe(202);
  return found;
}
const read = async (id: string) =>
  (await (await fetch(`${service.url}/admin/imports/${id}`)).json()) as Import;
async function over({ id }: { id: string }): Promise<Import> {
  return vi.waitUntil(
    async () => {
      const found = await read(id);
      return ['finished', 'failed', 'cancelled'].includes(found.state) ? found : null;
    },
    { timeout: 150_000, interval: 100 },
  );
}
const failuresOf = async (id: string) =>
  (await (await fetch(`${service.url}/admin/imports/${id}/failures`)).json()) as {
    items: { line: number; code: string }[];
  };
const lineOf = (id: string, picture = id) =>
  `${JSON.stringify({ productId: id, images: [{ url: `${pictures}/photo-${picture}.jpg` }] })}\n`;

test('lines that cannot be read are failures; asked for as lines they come back as they were', async () => {
  const found = await over(await imported('\n{"productId":"a","images":[{"base64":"AAAA"}]}\nnope\n'));
  expect(found).toMatchObject({
    state: 'finished',
    plan: { total: 2, invalid: 2 },
    progress: { done: 2, failed: 2 },
  });
  expect((await failuresOf(found.id)).items.map(({ line }) => line)).toEqual([2, 3]);
  const answer = await fetch(`${service.url}/admin/imports/${found.id}/failures`, {
    headers: { accept: 'application/x-ndjson' },
  });
  expect(await answer.text()).toBe('{"productId":"a","images":[{"base64":"AAAA"}]}\nnope\n');
});

test('a body that breaks off: nothing of it runs, and the same key begins anew', async () => {
  const headers = { ...ndjson, 'idempotency-key': 'torn', 'content-length': '1000' };
  const newest = async () =>
    ((await (await fetch(`${service.url}/admin/imports?limit=1`)).json()) as { items: Import[] }).items[0]!;
  const { id: before } = await newest();
  await vi.waitUntil(
    async () => {
      const torn = request(`${service.url}/admin/imports`, { method: 'POST', headers });
      torn.on('error', () => {});
      torn.write(lineOf('torn'));
      await sleep(500);
      torn.destroy();
      return (await newest()).id !== before;
    },
    { timeout: 30_000, interval: 1000 },
  );
  const torn = await newest();
  await vi.waitFor(async () => expect((await read(torn.id)).state).toBe('failed'), 10_000);
  const again = await imported('nope\n', { 'idempotency-key': 'torn' });
  expect(again.id).not.toBe(torn.id);
  expect((await imported('nope\n', { 'idempotency-key': 'torn' })).id).toBe(again.id);
  expect(await over(again)).toMatchObject({ state: 'finished', progress: { failed: 1 } });
  expect(sent).not.toContain('/photo-torn.jpg');
});

test('a file that is named is read by the same rules as pictures', async () => {
  const json = { 'content-type': 'application/json' };
  lines = 'nope\n';
  const good = await post(JSON.stringify({ url: `${pictures}/all.ndjson?sig=hush` }), json);
  expect([good.status, good.body.state]).toEqual([202, 'receiving']);
  expect(await over(good.body)).toMatchObject({ state: 'finished', plan: { total: 1 } });
  for (const [source, reason] of [
    [{ url: `${pictures}/inside.ndjson` }, 'redirected'],
    [{ url: `${pictures}/none.ndjson` }, '404'],
    [{ url: 'https://10.0.0.1/a' }, 'not a public one'],
    [{ s3: 's3://catalog/a' }, 'S3_ALLOW_PREFIXES'],
  ] as const) {
    const { body } = await post(JSON.stringify(source), json);
    const ended = await over(body);
    expect([ended.state, ended.error?.detail]).toEqual(['failed', expect.stringContaining(reason)]);
  }
  expect(service.log()).not.toContain('hush');
}, 60_000);

test('killed in the middle: every line is done after the restart, once in effect', async (context) => {
  if (!ingests || !longRuns) return context.skip();
  const ids = Array.from({ length: 60 }, (_, n) => `kill-${n}`);
  const found = await imported(ids.map((id) => lineOf(id)).join(''));
  await vi.waitUntil(async () => (await read(found.id)).progress.done > 0, { timeout: 60_000, interval: 20 });
  await service.stop('SIGKILL');
  service = await startService(settings);
  expect((await read(found.id)).progress.done).toBeLessThan(60);
  expect(await over(found)).toMatchObject({ state: 'finished', progress: { done: 60, failed: 0 } });
  for (const id of ids) {
    const history = await fetch(`${service.url}/products/${id}/tags/history`);
    const { items } = (await history.json()) as { items: { cause: string }[] };
    expect(
      items.map(({ cause }) => cause),
      id,
    ).toEqual(['import']);
  }
}, 240_000);

test('again costs nothing: no picture is sent, no product changes', async (context) => {
  if (!ingests) return context.skip();
  const text = Array.from({ length: 10 }, (_, n) => lineOf(`again-${n}`)).join('');
  await over(await imported(text));
  const before = await inferences();
  const second = await over(await imported(text));
  expect(second.progress).toMatchObject({ done: 10, changed: 0, unchanged: 10, failed: 0 });
  expect(await inferences()).toBe(before);
}, 120_000);

async function inferences(): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return Number(/hangtag_stage_duration_seconds_count\{stage="inference"\} (\d+)/.exec(text)?.[1] ?? 0);
}

test('the command: sent, followed, told of', async (context) => {
  if (!ingests) return context.skip();
  const file = path.join(folder, 'list.csv');
  const rows = Array.from({ length: 5 }, (_, n) => `cli-${n},${pictures}/photo-cli-${n}.jpg`);
  await writeFile(file, `id,images\n${rows.join('\n')}\ngone,${pictures}/none.jpg\n`);
  const child = spawn(process.execPath, [command, 'import', file], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, HANGTAG_URL: service.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const [code] = await once(child, 'close');
  expect([code, output]).toEqual([1, expect.stringContaining('5 changed, 0 unchanged, 1 failed.')]);
  expect(output).toMatch(/line 6, gone: .*404.* \(image\.fetch_failed\)/);
}, 60_000);

test.runIf(longRuns)(
  'a body of 100 MB is received in memory that stays flat',
  async () => {
    const { pid } = service.process;
    const resident = async () =>
      Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
    const more = 'x'.repeat(5000);
    const total = 20_000;
    function* body() {
      for (let n = 0; n < total; n += 100) {
        const some = Array.from({ length: 100 }, (_, k) => `{"productId":"long-${n + k}","x":"${more}"}\n`);
        yield Buffer.from(some.join(''));
      }
    }
    // The first part warms up what stays.
    await over(await imported(Array.from({ length: 2000 }, (_, n) => `{"productId":"w${n}"`).join('\n')));
    const before = await resident();
    let most = before;
    const watch = setInterval(async () => {
      most = Math.max(most, await resident());
    }, 200);
    const status = await vi.waitUntil(
      async () => {
        const call = request(`${service.url}/admin/imports?dryRun=true`, { method: 'POST', headers: ndjson });
        call.on('error', () => {});
        Readable.from(body()).pipe(call);
        const [answer] = await once(call, 'response');
        answer.resume();
        return answer.statusCode === 503 ? null : answer.statusCode;
      },
      { timeout: 300_000, interval: 2000 },
    );
    clearInterval(watch);
    expect(status).toBe(202);
    expect(most - before).toBeLessThan(200);
  },
  400_000,
);
