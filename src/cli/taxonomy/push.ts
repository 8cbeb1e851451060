/** `taxonomy push` and `taxonomy diff`: a folder like `taxonomy/`, sent to a running hangtag. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ComparedTaxonomy, TaxonomyReport } from '../../application/administer.ts';
import { type Ask, detailOf, ServerRefused } from './server.ts';
import { showDiff } from './show-diff.ts';

export interface TaxonomyCommand {
  readonly kind: 'push' | 'diff';
  /** null: the one of the settings. */
  readonly folder: string | null;
  readonly activate: boolean;
}

/** A sentence where it is misused. */
export function parsePushArguments([kind, ...rest]: readonly string[]): TaxonomyCommand | string {
  if (kind !== 'push' && kind !== 'diff')
    return `There is no command "taxonomy ${kind ?? ''}": check, push or diff.`;
  const unknown = rest.find((word) => word.startsWith('-') && !(kind === 'push' && word === '--activate'));
  if (unknown !== undefined) return `taxonomy ${kind} does not know ${unknown}.`;
  const folders = rest.filter((word) => !word.startsWith('-'));
  if (folders.length > 1) return `taxonomy ${kind} takes one folder.`;
  return { kind, folder: folders[0] ?? null, activate: rest.includes('--activate') };
}

export interface PushNeeds {
  readonly directory: string;
  readonly ask: () => Ask;
  /** Fires when the user asks to stop. */
  readonly stop: AbortSignal;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  /** Milliseconds between two looks; 1,000 unless told. */
  readonly everyMs?: number;
}

/** Exit code: 0 done, 1 refused or not to be had, 2 a wrong address or key. */
export async function pushTaxonomy({ kind, activate }: TaxonomyCommand, needs: PushNeeds): Promise<number> {
  const { directory, print, complain } = needs;
  try {
    const ask = needs.ask();
    const files = await readFiles(directory);
    const target = kind === 'diff' ? '/admin/taxonomies?store=false' : '/admin/taxonomies';
    const { status, body } = await ask('POST', target, { files });
    if (status >= 300) return refused(status, body, complain);
    const taxonomy = body as ComparedTaxonomy;
    for (const line of showDiff(taxonomy.diff)) print(line);
    if (kind === 'diff') return 0;
    print(`${taxonomy.id}@${taxonomy.version} is ${status === 201 ? 'stored' : 'there already'}.`);
    return activate ? await switchTo(taxonomy.version, ask, needs) : 0;
  } catch (error) {
    if (!(error instanceof ServerRefused)) throw error;
    complain(error.message);
    return error.misused ? 2 : 1;
  }
}

async function switchTo(
  version: string,
  ask: Ask,
  { stop, print, complain, everyMs = 1000 }: PushNeeds,
): Promise<number> {
  const begun = await ask('POST', `/admin/taxonomies/${version}/activate`);
  if (begun.status >= 300) return refused(begun.status, begun.body, complain);
  let said = '';
  for (let now = begun.body as TaxonomyReport; ; ) {
    if (now.state === 'active') {
      print(`${version} is active.`);
      return 0;
    }
    if (now.state === 'stored') {
      complain(now.failure ?? `Another taxonomy was activated in the place of ${version}.`);
      return 1;
    }
    const line = progressOf(now);
    if (line !== said) complain(line);
    said = line;
    await sleep(everyMs, undefined, { signal: stop }).catch(() => {});
    if (stop.aborted) {
      complain(`Not active yet; the service goes on. GET /admin/taxonomies/${version} tells.`);
      return 1;
    }
    const { status, body } = await ask('GET', `/admin/taxonomies/${version}`);
    if (status < 300) now = body as TaxonomyReport;
    else if (status < 500) return refused(status, body, complain);
  }
}

function progressOf({ version, preparation }: TaxonomyReport): string {
  const { captions, waitingFor } = preparation ?? {};
  const done = captions ? `: ${captions.known} of ${captions.total} captions` : '';
  return `preparing ${version}${done}${waitingFor ? `; waiting: ${waitingFor}` : ''}`;
}

function refused(status: number, body: unknown, complain: (line: string) => void): number {
  const { errors } = (body ?? {}) as { readonly errors?: readonly { pointer: string; detail: string }[] };
  for (const { pointer, detail } of errors ?? []) complain(`${pointer}: ${detail}`);
  complain(`${status}: ${detailOf(body)}`);
  return 1;
}

/** Every YAML file of the folder, by its name there: which of them are needed, the service knows. */
async function readFiles(directory: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const place of ['', 'attributes', 'mappings']) {
    const names = await readdir(path.join(directory, place)).catch((error: NodeJS.ErrnoException) => {
      throw new ServerRefused(`${path.join(directory, place)} cannot be read (${error.code}).`, true);
    });
    for (const name of names.filter((one) => one.endsWith('.yaml')).sort())
      files[path.posix.join(place, name)] = await readFile(path.join(directory, place, name), 'utf8');
  }
  return files;
}
