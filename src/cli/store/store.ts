/** `store copy`, `store backup`, `store restore`: the whole store moved, with hangtag stopped. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { BackupReport, StoreTransfer } from '../../application/ports-transfer.ts';
import type { Config } from '../../config.ts';
import type { Screen } from '../import/progress.ts';
import { createTransferProgress, megabytes, type TransferProgress } from './progress.ts';

export type StoreArguments =
  | { readonly verb: 'copy'; readonly from: string | null; readonly to: string; readonly restart: boolean }
  | { readonly verb: 'backup' | 'restore'; readonly file: string };

const isUrl = (text: string) => /^postgres(ql)?:\/\//.test(text);

/** The arguments, or what is wrong with them in one sentence. */
export function parseStoreArguments([verb, ...args]: readonly string[]): StoreArguments | string {
  try {
    if (verb === 'copy') {
      const options = {
        to: { type: 'string' },
        from: { type: 'string' },
        restart: { type: 'boolean', default: false },
      } as const;
      const { to = '', from, restart } = parseArgs({ args, options, allowPositionals: false }).values;
      if (!isUrl(to) || !URL.canParse(to)) return '--to takes the postgres:// URL of an empty database.';
      if (from === '' || (from && isUrl(from) && !URL.canParse(from)))
        return '--from takes a DATA_DIR or a postgres:// URL.';
      return {
        verb,
        from: from === undefined || isUrl(from) ? (from ?? null) : path.resolve(from),
        to,
        restart,
      };
    }
    if (verb === 'backup') {
      const { to } = parseArgs({ args, options: { to: { type: 'string' } }, allowPositionals: false }).values;
      return to ? { verb, file: path.resolve(to) } : '--to takes the file to write.';
    }
    if (verb === 'restore') {
      const options = { from: { type: 'string' } } as const;
      const { from } = parseArgs({ args, options, allowPositionals: false }).values;
      return from ? { verb, file: path.resolve(from) } : '--from takes the file of a backup.';
    }
    return 'store takes copy, backup or restore.';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export interface StoreNeeds {
  readonly transfer: StoreTransfer;
  readonly config: Pick<Config, 'dataDir' | 'DATABASE_URL'>;
  readonly screen: Screen;
  readonly stop: AbortSignal;
  print(line: string): void;
  complain(line: string): void;
}

/** Exit code: 0 done; 1 refused, failed or stopped, with the reason in words. */
export async function runStore(args: StoreArguments, needs: StoreNeeds): Promise<number> {
  const progress = createTransferProgress(needs.screen);
  try {
    return await perform(args, needs, progress);
  } catch (error) {
    progress.end();
    if (needs.stop.aborted) {
      needs.complain(
        args.verb === 'copy'
          ? 'Stopped. The same command goes on from here.'
          : 'Stopped. Nothing was left behind; the same command starts anew.',
      );
      return 1;
    }
    for (const line of explain(error)) needs.complain(line);
    return 1;
  }
}

async function perform(args: StoreArguments, needs: StoreNeeds, progress: TransferProgress): Promise<number> {
  const { transfer, config, stop, print } = needs;
  if (args.verb === 'copy') {
    const tables = await transfer.copy(args, progress, stop);
    progress.end();
    const home = args.from === null || isUrl(args.from) ? config.dataDir : args.from;
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    print(`Copied and compared: ${rows} rows in ${tables.length} tables, the same at both ends.`);
    for (const table of tables) print(`  ${table.name.padEnd(24)}${String(table.rows).padStart(10)}`);
    print(`The pictures were not copied. They stay in ${path.join(home, 'originals')},`);
    print('and hangtag looks for them there: keep DATA_DIR, or move the folder with it.');
    print('Now start hangtag with DATABASE_URL set to the new database. The old store is as it was.');
    return 0;
  }
  if (config.DATABASE_URL !== undefined) return sayWhoDoesIt(args.verb, config.dataDir, needs);
  const report = await (args.verb === 'backup' ? transfer.backup : transfer.restore)(
    args.file,
    progress,
    stop,
  );
  progress.end();
  describe(args.verb, report, args.file, config.dataDir).forEach(print);
  return 0;
}

function describe(verb: string, report: BackupReport, file: string, dataDir: string): string[] {
  const content = `the database and ${report.originals} pictures, ${megabytes(report.bytes)}`;
  if (verb === 'restore') return [`Restored into ${dataDir}: ${content}. Start hangtag.`];
  const lines = [`Backed up and read again: ${file}, ${content}.`];
  if (report.leftOut.length > 0)
    lines.push(`Left out, for they are not the store's: ${report.leftOut.join(', ')}`);
  return lines;
}

function sayWhoDoesIt(verb: 'backup' | 'restore', dataDir: string, { complain }: StoreNeeds): number {
  complain(`The store is on PostgreSQL (DATABASE_URL), whose own programs do this. Nothing was done. Use:

  ${
    verb === 'backup'
      ? 'pg_dump --format=custom --file=hangtag.dump "$DATABASE_URL"'
      : 'pg_restore --no-owner --exit-on-error --dbname="$DATABASE_URL" hangtag.dump    # into an empty database'
  }

and keep a copy of the pictures, which are files: ${path.join(dataDir, 'originals')}`);
  return 1;
}

function explain(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  const cause = error.cause instanceof Error ? error.cause.message : '';
  const lines = [
    cause === '' || error.message.includes(cause) ? error.message : `${error.message} (${cause})`,
  ];
  if (/is in use by/.test(error.message)) lines.push('Stop hangtag first: this needs the store to itself.');
  return lines;
}
