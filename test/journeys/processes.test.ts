/** API and workers as processes of their own on one PostgreSQL: they share the work, and one does what a dead one left. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../adapters/store/fresh-database.ts';
import { type Service, startRole } from './service.ts';

const picture = await readFile(path.resolve(import.meta.dirname, '../fixtures/images/tall.jpg'));
const root = path.resolve(import.meta.dirname, '../..');
const server = process.env.TEST_DATABASE_URL;

test.each(['serve', 'work'])('%s without DATABASE_URL is refused, in plain words', async (role) => {
  const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
    const entry = path.join(path.dirname(process.env.SERVICE_ENTRY!), 'cli/hangtag.js');
    execFile(process.execPath, [entry, role], { cwd: root, env: {} }, (error, _, stderr) =>
      resolve({ code: error?.code, stderr }),
    );
  });
  expect(code).toBe(1);
  expect(stderr).toContain(`DATABASE_URL: \`${role}\` needs it`);
  expect(stderr).not.toMatch(/\n\s+at /);
});

describe.skipIf(!server)('on PostgreSQL (needs TEST_DATABASE_URL)', () => {
  let folder: string;
  let database: FreshDatabase;
  let settings: Record<string, string>;
  const running: Service[] = [];
  const run = Date.now();

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'hangtag-processes-'));
    database = await freshDatabase(server!);
    settings = {
      DATA_DIR: folder,
      DATABASE_URL: database.url,
      DATABASE_POOL: '4',
      INFERENCE_WORKERS: '1',
      WORK_CONCURRENCY: '1',
    };
  });
  afterAll(async () => {
    await Promise.all(running.map((service) => service.stop('SIGKILL')));
    await rm(folder, { recursive: true, force: true });
    await database?.drop();
  });
  async function start(role: 'serve' | 'work', more: Record<string, string> = {}): Promise<Service> {
    const service = await startRole(role, { ...settings, ...more });
    running.push(service);
    return service;
  }

  async function accept({ url }: Service, id: string): Promise<string> {
    const body = new Uint8Array(Buffer.concat([picture, Buffer.from(id)]));
    const headers = { 'content-type': 'image/jpeg' };
    for (;;) {
      const answer = await fetch(`${url}/products/${id}/tags?async=true`, { method: 'POST', headers, body });
      if (answer.status === 202) return answer.headers.get('location')!;
      expect(answer.status).toBe(503);
      await sleep(1000);
    }
  }
  const operation = async (service: Service, location: string) =>
    (await (await fetch(service.url + location)).json()) as { state: string; attempts: number };
  async function settled(service: Service, location: string, seconds: number) {
    const until = performance.now() + seconds * 1000;
    for (;;) {
      const found = await operation(service, location);
      if (found.state === 'done' || found.state === 'failed') return found;
      if (performance.now() > until) throw new Error(`${location} is ${found.state} after ${seconds} s`);
      await sleep(100);
    }
  }
  const workers = async () => (await database.run('select id from workers')).rows.length;

  test('two that serve and three that work: everything is done once, and all take part', async () => {
    const apis = await Promise.all([start('serve'), start('serve')]);
    const idle = await Promise.all([start('work'), start('work'), start('work')]);
    expect(await workers()).toBe(3);
    const accepted = await Promise.all(
      Array.from({ length: 60 }, (_, n) => accept(apis[n % 2]!, `shared-${run}-${n}`)),
    );
    for (const [n, location] of accepted.entries())
      expect(await settled(apis[(n + 1) % 2]!, location, 90)).toMatchObject({ state: 'done', attempts: 1 });
    const { rows } = await database.run('select count(*)::int as revisions from tag_history');
    expect(rows).toEqual([{ revisions: 60 }]);
    const doers = await database.run(
      `select distinct output->>'worker' as worker from
         (select output from pgboss.job union all select output from pgboss.archive) as jobs`,
    );
    expect(doers.rows.length).toBe(3);

    // In good order: what is in work is finished, and nobody need wonder about the worker.
    expect(await idle[0]!.stop('SIGTERM')).toBe(0);
    expect(idle[0]!.log()).toContain('"stopped"');
    expect(await workers()).toBe(2);
  }, 180_000);

  test('a worker is killed with work in its hands: another does it within seconds', async () => {
    const api = running.find(({ url, process }) => url !== '' && process.exitCode === null)!;
    const others = running.filter(({ url, process }) => url === '' && process.exitCode === null);
    await Promise.all(others.map((worker) => worker.stop('SIGTERM')));
    const doomed = await start('work', { WORK_CONCURRENCY: '4' });
    const accepted = await Promise.all(
      Array.from({ length: 40 }, (_, n) => accept(api, `killed-${run}-${n}`)),
    );
    for (;;) {
      const { rows } = await database.run(
        `select count(*)::int as active from pgboss.job where state = 'active' and output->>'worker' is not null`,
      );
      if (rows[0].active > 0) break;
      await sleep(5);
    }
    await doomed.stop('SIGKILL');
    const killed = performance.now();
    const left = (await database.run(`select id from pgboss.job where state = 'active'`)).rows.length;
    expect(left).toBeGreaterThan(0);
    await start('work');
    for (const location of accepted)
      expect(await settled(api, location, 60)).toMatchObject({ state: 'done' });
    // Far from the time that one attempt may take.
    expect(performance.now() - killed).toBeLessThan(60_000);
    expect(await workers()).toBe(1);
    console.info(`killed with ${left} in work; all done ${Math.round(performance.now() - killed)} ms later`);
  }, 180_000);
});
