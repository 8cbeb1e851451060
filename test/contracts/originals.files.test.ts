import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { createFileOriginals } from '../../src/adapters/originals/files.ts';
import { originalsContract } from './originals.contract.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'hangtag-originals-'));
afterAll(() => rmSync(directory, { recursive: true }));

originalsContract({ name: 'files', open: () => createFileOriginals({ directory }), keeps: true });
