import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { createBossQueue } from '../../src/adapters/queue/pg-boss.ts';
import { createPgliteStore } from '../../src/adapters/store/pglite.ts';
import { copyEmptyDatabase } from '../adapters/store/fresh-database-folder.ts';
import { quiet } from '../adapters/store/quiet-log.ts';
import { acceptingContract } from './accepting.contract.ts';
import { failuresContract } from './failures.contract.ts';
import { fetchedImagesContract } from './fetched-images.contract.ts';
import { importsContract } from './imports.contract.ts';
import { importPlace } from './imports-place.ts';
import { counterOn } from './queue-counter.ts';
import { textVectorsContract } from './text-vectors.contract.ts';
import { turnsContract } from './turns.contract.ts';
import { workContract } from './work.contract.ts';
import { workersContract } from './workers.contract.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'hangtag-work-'));
const directory = path.join(folder, 'database');
copyEmptyDatabase(directory);
afterAll(() => rmSync(folder, { recursive: true }));
const open = () => createPgliteStore({ directory, durability: 'relaxed', log: quiet });

acceptingContract('embedded', open);
textVectorsContract('embedded', open);
fetchedImagesContract('embedded', open);
importsContract('embedded', async () => importPlace(await open()));
const place = async () => {
  const store = await open();
  const { queue, enqueue } = await createBossQueue({
    execute: store.execute,
    alone: true,
    attemptMs: 60_000,
    log: quiet,
  });
  return {
    queue,
    operations: store.operations(enqueue),
    failures: store.failures(enqueue),
    forget: (id: string) => store.deleteProduct(id),
    close: () => store.close(),
  };
};
workContract('embedded', place);
failuresContract('embedded', place);
workersContract('embedded', open);
turnsContract('embedded', async () => counterOn(await open(), true));
