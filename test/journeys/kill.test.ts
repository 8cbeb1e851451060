/**
 * kill -9 at random moments under mixed load: whatever was acknowledged stands afterwards, what was deleted stays
 * deleted, and the pictures behind it are on the disk. KILL_ROUNDS raises the number, KILL_SEED changes the moments.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createLedger, originalsLeft, originalsMissing } from './ledger.ts';
import { acknowledgedMore, chances, eachAcknowledged, settleAll, startLoad } from './mixed-load.ts';
import { ownDatabase } from './own-database.ts';
import { startService } from './service.ts';

const rounds = Number(process.env.KILL_ROUNDS ?? 2);
const seed = Number(process.env.KILL_SEED ?? 1);

test(`nothing acknowledged is lost in ${rounds} kills`, { timeout: 180_000 + rounds * 30_000 }, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'hangtag-kill-'));
  const database = await ownDatabase();
  const settings = {
    DATA_DIR: folder,
    ...database.settings,
  };
  const run = `kill-${Date.now()}`;
  const ledger = createLedger();
  const chance = chances(seed);
  let uncertain = 0;
  let service = await startService(settings);
  try {
    for (let round = 1; round <= rounds; round++) {
      const load = startLoad({ url: service.url, ledger, run, lanes: 6, seed: seed * 100 + round });
      await acknowledgedMore(ledger, 12);
      await eachAcknowledged(ledger);
      await sleep(chance() * 1200);
      // Told to stop first, so that no caller takes the dying service for a fault of its own.
      const stopped = load.stop();
      await service.stop('SIGKILL');
      await stopped;
      uncertain += ledger.ids().filter((id) => !ledger.isCertain(id)).length;
      service = await startService(settings);
      expect(await settleAll(service.url, ledger), `round ${round}, seed ${seed}`).toEqual([]);
      expect(originalsMissing(ledger, folder), `round ${round}, seed ${seed}`).toEqual([]);
    }
    expect(await service.stop()).toBe(0);
    if (rounds >= 10) {
      // What a kill left half-removed is claimed for a minute, then taken over by the sweep of a later start.
      await sleep(61_000);
      service = await startService(settings);
      expect(await originalsLeft(ledger, folder)).toEqual([]);
      expect(await service.stop()).toBe(0);
    }
    const { tagged, reviewed, deleted } = ledger.acknowledged;
    console.info(
      `${rounds} kills: ${tagged} tagged, ${reviewed} reviewed, ${deleted} deleted, ${uncertain} cut off`,
    );
    expect(tagged).toBeGreaterThan(rounds);
    expect(Math.min(reviewed, deleted)).toBeGreaterThan(0);
    // Proof that the kills fell into the middle of work.
    expect(uncertain).toBeGreaterThan(0);
  } finally {
    await service.stop('SIGKILL');
    await rm(folder, { recursive: true, force: true });
    await database.drop();
  }
});
