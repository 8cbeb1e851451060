import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { createPgliteStore } from '../../src/adapters/store/pglite.ts';
import { quiet } from '../adapters/store/quiet-log.ts';
import { removalContract } from './removal.contract.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'hangtag-removal-'));
afterAll(() => rmSync(folder, { recursive: true }));

removalContract({
  name: 'embedded',
  open: () =>
    createPgliteStore({ directory: path.join(folder, 'database'), durability: 'relaxed', log: quiet }),
  orders: 25,
  fresh: false,
});
