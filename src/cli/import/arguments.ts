/** What `import` was asked for. */
import path from 'node:path';
import { parseArgs } from 'node:util';

export interface SourceArguments {
  readonly source: string;
  readonly concurrency: number;
  readonly restart: boolean;
  /** Plan only; for sources that the server reads. */
  readonly dryRun: boolean;
}

/** An import that the server has already. */
export interface KnownImport {
  readonly verb: (typeof verbs)[number];
  readonly id: string;
}

export type ImportArguments = SourceArguments | KnownImport;

const verbs = ['follow', 'pause', 'resume', 'cancel'] as const;
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** The arguments, or what is wrong with them, in words. */
export function parseImportArguments(args: readonly string[]): ImportArguments | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        concurrency: { type: 'string', default: '4' },
        restart: { type: 'boolean', default: false },
        'dry-run': { type: 'boolean', default: false },
        follow: { type: 'string' },
        pause: { type: 'string' },
        resume: { type: 'string' },
        cancel: { type: 'string' },
      },
    });
    const [source] = positionals;
    const asked = verbs.filter((verb) => values[verb] !== undefined);
    const [verb] = asked;
    if (verb) {
      const id = values[verb] ?? '';
      if (asked.length > 1 || source !== undefined)
        return `--${verb} takes the id of an import and nothing else.`;
      return uuid.test(id) ? { verb, id } : `--${verb}: ${JSON.stringify(id)} is no id of an import.`;
    }
    if (source === undefined || positionals.length > 1) return 'Name one folder, CSV or NDJSON file.';
    const concurrency = Number(values.concurrency);
    if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 32)
      return '--concurrency is a whole number from 1 to 32.';
    return { source: path.resolve(source), concurrency, restart: values.restart, dryRun: values['dry-run'] };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
