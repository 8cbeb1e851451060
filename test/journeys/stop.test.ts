/** SIGTERM under load: what was answered is stored, what is in work is finished or refused, and the end is in order. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { longRuns } from '../long-runs.ts';
import { createLedger, originalsLeft, originalsMissing } from './ledger.ts';
import { acknowledgedMore, settleAll, startLoad } from './mixed-load.ts';
import { ownDatabase } from './own-database.ts';
import { startService } from './service.ts';

/** Milliseconds: the service gives itself 20 s to finish what it has begun. */
const mostToStop = 25_000;

test.runIf(longRuns)('SIGTERM under load', { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'hangtag-stop-'));
  const database = await ownDatabase();
  const settings = {
    DATA_DIR: folder,
    ...database.settings,
  };
  const ledger = createLedger();
  let service = await startService(settings);
  try {
    const load = startLoad({
      url: service.url,
      ledger,
      run: `stop-${Date.now()}`,
      lanes: 12,
      seed: 7,
      rough: true,
    });
    await acknowledgedMore(ledger, 20);
    const before = { ...ledger.acknowledged };
    const start = performance.now();
    const stopping = service.stop('SIGTERM');
    // The callers go on: their requests in work are answered, later ones find nobody.
    expect(await stopping).toBe(0);
    expect(performance.now() - start).toBeLessThan(mostToStop);
    await load.stop();
    expect(service.log()).toContain('"stopped"');
    // Every answer was either success or a refusal to be tried again; never a 5xx that hides what happened.
    expect(
      [...load.heard.keys()].filter((status) => !['200', '204', '404', '503', 'lost'].includes(status)),
    ).toEqual([]);
    expect(before.tagged).toBeGreaterThan(0);
    // Those in work at the signal were finished.
    expect(ledger.acknowledged.tagged).toBeGreaterThan(before.tagged);
    service = await startService(settings);
    expect(await settleAll(service.url, ledger)).toEqual([]);
    expect(originalsMissing(ledger, folder)).toEqual([]);
    expect(await originalsLeft(ledger, folder)).toEqual([]);
    console.info(
      `SIGTERM: ${JSON.stringify(Object.fromEntries(load.heard))}, acknowledged before ${JSON.stringify(before)}, after ${JSON.stringify(ledger.acknowledged)}`,
    );
  } finally {
    await service.stop('SIGKILL');
    await rm(folder, { recursive: true, force: true });
    await database.drop();
  }
});
