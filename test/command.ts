/** The command as it was built for the run (`test/prepare.ts`): started by Node, before its own arguments. */
import path from 'node:path';

export const command = path.resolve(import.meta.dirname, '../dist/cli/hangtag.js');
