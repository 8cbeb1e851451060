/** PostgreSQL is cut off under a running service and comes back: nothing is lost, and nobody has to lift a hand. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Service, startRole } from './service.ts';

const root = path.resolve(import.meta.dirname, '../..');
const picture = await readFile(path.resolve(import.meta.dirname, '../fixtures/images/tall.jpg'));

// A server of its own: the one that others use here stays up.
describe.skipIf(!process.env.TEST_DATABASE_URL)('on PostgreSQL (needs TEST_DATABASE_URL)', () => {
  let folder: string;
  let server: ChildProcess;
  let api: Service;
  let worker: Service;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'hangtag-restart-'));
    const shown = 'echo "$TEST_DATABASE_URL"; exec sleep 600';
    server = spawn('bash', ['test/rings/postgres.sh', 'bash', '-c', shown], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const url = await new Promise<string>((resolve, reject) => {
      server.stdout!.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
      server.once('exit', () => reject(new Error('no PostgreSQL of its own')));
    });
    const settings = { DATA_DIR: folder, DATABASE_URL: url, INFERENCE_WORKERS: '1' };
    api = await startRole('serve', settings);
    worker = await startRole('work', settings);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([api, worker].map((service) => service?.stop('SIGKILL')));
    server?.kill('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  });

  async function accept(id: string): Promise<string | null> {
    const body = new Uint8Array(Buffer.concat([picture, Buffer.from(id)]));
    const headers = { 'content-type': 'image/jpeg' };
    const answer = await fetch(`${api.url}/products/${id}/tags?async=true`, {
      method: 'POST',
      headers,
      body,
    });
    if (answer.status === 202) return answer.headers.get('location')!;
    expect(answer.status).toBe(503);
    return null;
  }
  async function settled(location: string, seconds: number): Promise<string> {
    const until = performance.now() + seconds * 1000;
    for (;;) {
      const answer = await fetch(api.url + location);
      const state = answer.status === 200 ? ((await answer.json()) as { state: string }).state : 'unknown';
      if (state === 'done' || state === 'failed' || performance.now() > until) return state;
      await sleep(200);
    }
  }

  test('a restart in the middle of work', async () => {
    const accepted: string[] = [];
    let refused = 0;
    const began = performance.now();
    for (let n = 0; n < 120 && performance.now() - began < 60_000; n++) {
      if (n === 30) server.kill('SIGUSR1');
      const location = await accept(`restart-${n}`);
      if (location) accepted.push(location);
      else refused++;
      if (location === null) await sleep(200);
    }
    // Otherwise nobody noticed.
    expect(refused).toBeGreaterThan(0);
    expect(accepted.length).toBeGreaterThan(60);
    const ends = await Promise.all(accepted.map((location) => settled(location, 90)));
    expect(ends.filter((state) => state !== 'done')).toEqual([]);
    expect([api.process.exitCode, worker.process.exitCode]).toEqual([null, null]);
    console.info(`refused ${refused} while it was away; ${accepted.length} accepted, all done`);
    expect(await Promise.all([api.stop(), worker.stop()])).toEqual([0, 0]);
  }, 240_000);
});
