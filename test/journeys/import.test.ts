/** A catalogue into the real service with a key, by the real command: killed, stopped, the service restarted under it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createKey } from '../../src/cli/keys.ts';
import { command } from '../command.ts';
import { longRuns } from '../long-runs.ts';
import { type Service, startService } from './service.ts';

const root = path.resolve(import.meta.dirname, '../..');
const products = 40;
let folder: string;
let service: Service;
const key = newKey('importer');

function newKey(id: string): { readonly key: string; readonly entry: string } {
  const lines: string[] = [];
  createKey({ id, scopes: ['read', 'tag', 'review'] }, (line) => lines.push(line));
  const text = lines.join('\n');
  return { key: /ht_\S+/.exec(text)![0], entry: new RegExp(`${id}:\\S+:[0-9a-f]{64}`).exec(text)![0] };
}

const settings = () => ({ DATA_DIR: path.join(folder, 'data'), API_KEYS: key.entry });

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-import-'));
  const picture = await readFile(path.join(root, 'test/fixtures/images/tall.jpg'));
  await mkdir(path.join(folder, 'photos'));
  const rows = ['id,images,attributes'];
  for (let index = 0; index < products; index++) {
    // What follows a JPEG's end changes its hash alone: each is a picture of its own to the service.
    await writeFile(
      path.join(folder, `photos/${index}.jpg`),
      Buffer.concat([picture, Buffer.from(`${index}`)]),
    );
    const said = index === 7 ? 'fabric/Denim|season/never' : index % 5 === 0 ? 'fabric/Denim' : '';
    rows.push(`gid://shop/${index},photos/${index}.jpg,${said}`);
  }
  await writeFile(path.join(folder, 'list.csv'), `${rows.join('\n')}\n`);
  service = await startService(settings());
}, 60_000);
afterAll(async () => {
  await service?.stop('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function start(secret = key.key, concurrency = 2) {
  const args = [command, 'import', path.join(folder, 'list.csv')];
  const child = spawn(process.execPath, [...args, '--concurrency', String(concurrency)], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      HANGTAG_URL: service.url,
      HANGTAG_API_KEY: secret,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output }));
  return { child, ended };
}
const done = async () =>
  (await readFile(path.join(folder, 'list.csv.hangtag-import'), 'utf8').catch(() => '')).split('\n').length -
  1;
const until = (count: number) =>
  vi.waitUntil(async () => (await done()) >= count, { timeout: 60_000, interval: 20 });
const ask = async (target: string) =>
  (await fetch(`${service.url}${target}`, { headers: { 'x-api-key': key.key } })).json() as Promise<{
    items: { productId: string; revision: number; attributes: Record<string, object> }[];
  }>;
/** Tagging and reviewing calls that this process has answered, of whatever status. */
async function written(): Promise<number> {
  const answer = await fetch(`${service.url}/metrics`);
  const lines = (await answer.text()).match(/^hangtag_http_requests_total\{method="(POST|PATCH)".*$/gm) ?? [];
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe.runIf(longRuns)('importing', () => {
  test('a wrong key ends the run before anything is sent', async () => {
    const { code, output } = await start('ht_importer_wrong').ended;
    expect([code, await written()]).toEqual([2, 0]);
    expect(output).toContain('refuses the key in HANGTAG_API_KEY');
  });

  test('killed, stopped, and the service restarted under it: each run goes on where the last one was', async () => {
    const killed = start();
    await until(6);
    killed.child.kill('SIGKILL');
    expect((await killed.ended).code).toBeNull();

    const stopped = start();
    const before = await done();
    await until(before + 6);
    stopped.child.kill('SIGINT');
    const { code, output } = await stopped.ended;
    expect(code).toBe(1);
    expect(output).toMatch(/\d+ tagged, [1-9]\d* unchanged, 0 failed, [1-9]\d* not sent/);
    expect(output).toContain('Run the same command again to go on.');
    const after = await done();

    const patient = start();
    await until(after + 4);
    const { port } = new URL(service.url);
    expect(await service.stop()).toBe(0);
    service = await startService({ ...settings(), PORT: port });
    const ended = await patient.ended;
    expect(ended.output).toContain(`${products - after} tagged, ${after} unchanged, 0 failed.`);
    // One attribute of one product could not be understood: listed, its product stored all the same.
    expect(ended.code).toBe(1);
    expect(ended.output).toContain('gid://shop/7: season has no value "never" (attributes)');

    const { items } = await ask('/products?limit=200');
    expect(items).toHaveLength(products);
    const denim = { source: 'human', values: [{ id: 'denim' }], reviewed: { by: 'import' } };
    for (const { productId, revision, attributes } of items) {
      const index = Number(productId.split('/').at(-1));
      const said = index % 5 === 0 || index === 7;
      // Whatever was sent twice changed nothing.
      expect(revision, productId).toBe(said ? 2 : 1);
      if (said) expect(attributes.material, productId).toMatchObject(denim);
      else expect(attributes, productId).not.toHaveProperty('material');
    }
  }, 120_000);

  test('again costs no call, and still tells what was wrong', async () => {
    const before = await written();
    const { code, output } = await start().ended;
    expect([code, await written()]).toEqual([1, before]);
    expect(output).toContain(`0 tagged, ${products} unchanged, 0 failed.`);
    const kept = await readFile(path.join(folder, 'list.csv.failures.ndjson'), 'utf8');
    expect(
      kept
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual(['gid://shop/7']);
  });

  test('another picture is sent; what a person said of the attributes since then stays', async () => {
    const target = `/products/${encodeURIComponent('gid://shop/0')}/tags`;
    await fetch(`${service.url}${target}`, {
      method: 'PATCH',
      headers: { 'x-api-key': key.key, 'content-type': 'application/json' },
      body: '{"set":{"material":["leather"]},"by":"ada"}',
    });
    const other = await readFile(path.join(root, 'test/fixtures/images/wide.jpg'));
    await writeFile(path.join(folder, 'photos/0.jpg'), other);
    const before = await written();
    expect((await start().ended).output).toContain(`1 tagged, ${products - 1} unchanged, 0 failed.`);
    expect(await written()).toBe(before + 1);
    const { items } = await ask('/products?attribute=material/leather');
    expect(items.map(({ productId }) => productId)).toEqual(['gid://shop/0']);
  });
});
