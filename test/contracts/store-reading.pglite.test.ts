import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { createPgliteStore } from '../../src/adapters/store/pglite.ts';
import { quiet } from '../adapters/store/quiet-log.ts';
import { storeReadingContract } from './store-reading.contract.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'hangtag-store-reading-'));
afterAll(() => rmSync(folder, { recursive: true }));

storeReadingContract('embedded', () =>
  createPgliteStore({ directory: path.join(folder, 'database'), durability: 'relaxed', log: quiet }),
);
