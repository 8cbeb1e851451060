/**
 * kill -9 in the middle of writing, again and again on one directory: whatever was acknowledged is there afterwards,
 * with its vector and its history. KILL_ROUNDS raises the number of rounds, KILL_SEED changes the moments.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, expect, test } from 'vitest';
import { createPgliteStore } from '../../../src/adapters/store/pglite.ts';
import { sha256 } from '../../contracts/sample-tags.ts';
import { missingPromises } from './missing-promises.ts';
import { quiet } from './quiet-log.ts';

const rounds = Number(process.env.KILL_ROUNDS ?? 1);
const seed = Number(process.env.KILL_SEED ?? 1);
const folder = mkdtempSync(path.join(tmpdir(), 'hangtag-kill-'));
const directory = path.join(folder, 'database');
const writer = path.join(import.meta.dirname, 'kill-writer.ts');

const children = new Set<ChildProcess>();
afterEach(async () => {
  await Promise.all([...children].map(kill));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Recovery with full durability flushes every file of the directory first, which only takes time here. */
const reopen = () => createPgliteStore({ directory, durability: 'relaxed', log: quiet });

/** 0 to 1, the same for the same seed and round. */
const chance = (round: number) => Number.parseInt(sha256(`${seed} ${round}`).slice(0, 8), 16) / 2 ** 32;

/** Starts a writer and resolves once its store is open. `promised` grows as it prints. */
async function startWriter(round: number) {
  const child = spawn(process.execPath, ['--import', 'tsx', writer, directory, String(round)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  const promised = new Map<string, number>();
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the writer ended by itself: ${errors}`)));
    createInterface(child.stdout).on('line', (line) => {
      const [id, revision] = line.split(' ');
      if (id === 'open') resolve();
      else promised.set(id!, Number(revision));
    });
  });
  return { child, promised };
}

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'close');
}

test(
  `${rounds} times kill -9: nothing that was acknowledged is lost`,
  async () => {
    const all = new Map<string, number>();
    for (let round = 1; round <= rounds; round++) {
      const { child, promised } = await startWriter(round);
      // On a busy machine it may write nothing for a while: killed then, the round would prove nothing.
      for (let waited = 0; promised.size === 0 && waited < 5000; waited += 20) await pause(20);
      await pause(400 * chance(round));
      await kill(child);
      for (const [id, revision] of promised) all.set(id, revision);
      const store = await reopen();
      try {
        expect(await missingPromises(store, promised), `round ${round}, seed ${seed}`).toEqual([]);
        if (round === rounds) expect(await missingPromises(store, all)).toEqual([]);
      } finally {
        await store.close();
      }
    }
    // Proof that the writers wrote.
    expect(all.size).toBeGreaterThanOrEqual(rounds);
  },
  30_000 + rounds * 10_000,
);

test('a second process is refused while the first lives, and takes over at once when it is gone', async () => {
  const { child } = await startWriter(0);
  await expect(reopen()).rejects.toMatchObject({
    code: 'store.unavailable',
    message: `data directory ${directory} is in use by pid ${child.pid}`,
  });
  await kill(child);
  const began = performance.now();
  await (await reopen()).close();
  expect(performance.now() - began).toBeLessThan(8_000);
});
