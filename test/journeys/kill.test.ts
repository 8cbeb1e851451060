/** kill -9 at random moments while products are tagged over HTTP: nothing that was answered with 200 may be lost. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startService } from './service.ts';

const rounds = Number(process.env.KILL_ROUNDS ?? 3);
const picture = await readFile(path.resolve(import.meta.dirname, '../fixtures/images/tall.jpg'));

test(`nothing answered is lost in ${rounds} kills`, { timeout: 60_000 + rounds * 15_000 }, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'hangtag-kill-'));
  const settings = {
    DATA_DIR: folder,
    LOG_LEVEL: 'info',
    ...(process.env.TEST_DATABASE_URL ? { DATABASE_URL: process.env.TEST_DATABASE_URL } : {}),
  };
  const run = Date.now();
  const answered = new Map<string, number>();
  let seed = 1;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  try {
    for (let round = 0; round < rounds; round++) {
      const service = await startService(settings);
      let alive = true;
      const caller = async (lane: number) => {
        for (let n = 0; alive; n++) {
          const id = `${run}-${round}-${lane}-${n % 40}`;
          // Each upload differs in its bytes, so that each one is decoded, inferred and stored.
          const body = Buffer.concat([picture, Buffer.from(`${id}-${n}`)]);
          try {
            const answer = await fetch(`${service.url}/products/${id}/tags`, {
              method: 'POST',
              headers: { 'content-type': 'image/jpeg' },
              body,
            });
            if (answer.status !== 200) throw new Error(`status ${answer.status}: ${await answer.text()}`);
            answered.set(id, ((await answer.json()) as { revision: number }).revision);
          } catch (error) {
            if (alive) throw error;
          }
        }
      };
      const callers = Promise.all([0, 1, 2, 3].map(caller));
      await sleep(600 + random() * 1500);
      alive = false;
      await service.stop('SIGKILL');
      await callers;
    }
    const service = await startService(settings);
    const lost: string[] = [];
    for (const [id, revision] of answered) {
      const answer = await fetch(`${service.url}/products/${id}/tags`);
      // A write whose answer was cut off may stand one revision further on; none may stand behind.
      if (answer.status !== 200 || ((await answer.json()) as { revision: number }).revision < revision)
        lost.push(id);
    }
    await service.stop();
    expect(answered.size).toBeGreaterThanOrEqual(rounds);
    expect(lost).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
