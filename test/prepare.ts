/**
 * Once for a whole run, what many tests would otherwise each do: the service is built, and an embedded database is
 * created. A first start takes seconds of CPU; tests that are not about it begin with a copy (`fresh-database-folder.ts`).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createIfMissing } from '../src/adapters/store/first-start.ts';
import { quiet } from './adapters/store/quiet-log.ts';

const root = path.resolve(import.meta.dirname, '..');

export async function setup(): Promise<() => void> {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  process.env.SERVICE_ENTRY ??= 'dist/main.js';
  const folder = mkdtempSync(path.join(tmpdir(), 'hangtag-template-'));
  const template = path.join(folder, 'database');
  await createIfMissing(template, false, quiet);
  process.env.HANGTAG_TEST_DATABASE = template;
  return () => rmSync(folder, { recursive: true, force: true });
}
