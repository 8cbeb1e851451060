/**
 * kill -9 in the middle of a copy, again and again: it ends with every row once. KILL_ROUNDS raises the number of kills.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../../contracts/sample-tags.ts';
import { type FreshDatabase, freshDatabase } from '../fresh-database.ts';
import { addProducts, fillStore } from './filled-store.ts';

const server = process.env.TEST_DATABASE_URL;
const kills = Number(process.env.KILL_ROUNDS ?? 5);
/** Enough for every run to be in the middle when it is killed. */
const products = 6_000 * kills;

describe.skipIf(!server)('kill -9 (needs TEST_DATABASE_URL)', () => {
  let dataDir: string;
  let target: FreshDatabase;
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'hangtag-kill-copy-'));
    target = await freshDatabase(server!);
    await fillStore(dataDir);
    await addProducts(dataDir, products);
  });
  afterAll(async () => {
    await rm(dataDir, { recursive: true, force: true });
    await target?.drop();
  });

  /** Kills after so many milliseconds of copying; never: null. Gives the lines it printed. */
  async function run(afterMs: number | null): Promise<string[]> {
    const script = path.join(import.meta.dirname, 'copy-until-killed.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', script, dataDir, target.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line);
      if (line.startsWith('copying') && afterMs !== null) pause(afterMs).then(() => child.kill('SIGKILL'));
    });
    await once(child, 'close');
    return lines;
  }

  test(
    `${kills} times, then to the end`,
    async () => {
      const begun: number[] = [];
      for (let round = 0; round < kills; round++) {
        const chance = Number.parseInt(sha256(`${round}`).slice(0, 4), 16) / 65_536;
        const lines = await run(5 + 400 * chance);
        expect(lines).not.toContain('finished');
        begun.push(Number(lines.find((line) => line.startsWith('copying'))!.split(' ')[1]));
      }
      const lines = await run(null);
      expect(lines.at(-1)).toBe('finished');
      begun.push(Number(lines[0]!.split(' ')[1]));
      // Each went on behind the one before, and the last had work left to do.
      expect(begun).toEqual([...begun].sort((a, b) => a - b));
      expect(begun.at(-1)).toBeGreaterThan(0);
      expect(begun.at(-1)).toBeLessThan(2 * products);
      const { rows } = await target.run(
        'select (select count(*)::int from products) as products, (select count(*)::int from image_vectors) as vectors',
      );
      expect(rows).toEqual([{ products: products + 6, vectors: products + 6 }]);
    },
    60_000 + kills * 15_000,
  );
});
