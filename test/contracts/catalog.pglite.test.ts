import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { createPgliteStore } from '../../src/adapters/store/pglite.ts';
import { copyEmptyDatabase } from '../adapters/store/fresh-database-folder.ts';
import { quiet } from '../adapters/store/quiet-log.ts';
import { catalogContract } from './catalog.contract.ts';
import { gateOf } from './event-gate.ts';
import { receivedEventsContract } from './received-events.contract.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'hangtag-catalog-'));
const directory = path.join(folder, 'database');
copyEmptyDatabase(directory);
afterAll(() => rmSync(folder, { recursive: true }));
const open = () => createPgliteStore({ directory, durability: 'relaxed', log: quiet });

catalogContract('embedded', async () => {
  const store = await open();
  return { store, catalog: store.catalog };
});
receivedEventsContract('embedded', async () => gateOf(await open(), true));
