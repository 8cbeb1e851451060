/** A new embedded database without the seconds of a first start: a copy of the run's own (`test/prepare.ts`). */
import { cpSync, existsSync } from 'node:fs';

/** Does nothing where there is something already, or outside of a run that prepared one. */
export function copyEmptyDatabase(directory: string): void {
  const template = process.env.HANGTAG_TEST_DATABASE;
  if (template && !existsSync(directory)) cpSync(template, directory, { recursive: true, mode: 0 });
}
