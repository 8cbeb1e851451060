import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { createPgliteStore } from '../../src/adapters/store/pglite.ts';
import { copyEmptyDatabase } from '../adapters/store/fresh-database-folder.ts';
import { quiet } from '../adapters/store/quiet-log.ts';
import { rescoringStoreContract } from './rescoring-store.contract.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'hangtag-rescoring-'));
const directory = path.join(folder, 'database');
copyEmptyDatabase(directory);
afterAll(() => rmSync(folder, { recursive: true }));

rescoringStoreContract('embedded', () => createPgliteStore({ directory, durability: 'relaxed', log: quiet }));
