/** `import`: products from a folder or a file to a running hangtag, with progress, and from where it stopped. */
import { appendFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type ClientOptions, createClient, type Failure, ImportStopped } from './client.ts';
import { SourceError } from './product.ts';
import { type Count, createProgress, type Screen } from './progress.ts';
import { readSource, type Source } from './source.ts';
import { hashInputs, openState } from './state.ts';

export interface ImportArguments {
  readonly source: string;
  readonly concurrency: number;
  readonly restart: boolean;
}

/** The arguments, or what is wrong with them, in words. */
export function parseImportArguments(args: readonly string[]): ImportArguments | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        concurrency: { type: 'string', default: '4' },
        restart: { type: 'boolean', default: false },
      },
    });
    const [source] = positionals;
    if (source === undefined || positionals.length > 1) return 'Name one folder, CSV or NDJSON file.';
    const concurrency = Number(values.concurrency);
    if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 32)
      return '--concurrency is a whole number from 1 to 32.';
    return { source: path.resolve(source), concurrency, restart: values.restart };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export interface ImportNeeds {
  readonly server: ClientOptions;
  readonly screen: Screen;
  print(line: string): void;
}

const listed = 20;

/** Exit code: 0 all stored; 1 something failed or the run ended early; 2 nothing could be begun. */
export async function runImport(
  args: ImportArguments,
  { server, screen, print }: ImportNeeds,
): Promise<number> {
  let source: Source;
  try {
    source = await readSource(args.source);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    for (const problem of error.problems.slice(0, listed)) print(problem);
    if (error.problems.length > listed) print(`and ${error.problems.length - listed} more`);
    print('Nothing was sent.');
    return 2;
  }
  for (const note of source.notes) print(note);
  const client = createClient(server);
  const state = await openState(`${args.source}.hangtag-import`, args.restart);
  const failuresFile = `${args.source}.failures.ndjson`;
  const failures: Failure[] = [];
  const count = { total: source.products.length, skipped: 0, tagged: 0, failed: 0 };
  let broken: ImportStopped | null = null;

  async function fail(found: Failure): Promise<void> {
    failures.push(found);
    await appendFile(failuresFile, `${JSON.stringify(found)}\n`);
  }

  const progress = createProgress(screen);
  const queue = source.products.values();
  async function work(): Promise<void> {
    for (const product of queue) {
      if (server.stop.aborted || broken) return;
      const inputs = await hashInputs(product, server.url);
      if (state.isDone(product, inputs)) {
        count.skipped++;
        continue;
      }
      const outcome = await client.send(product);
      if (outcome.kind === 'stopped') return;
      if (outcome.kind === 'failed') {
        await fail(outcome.failure);
        count.failed++;
      } else {
        // Stored, so not sent again; but a picture that could not be used is somebody's to look at.
        for (const fault of outcome.faults) await fail(fault);
        await state.markDone(product, inputs);
        count.tagged++;
      }
      progress.show(count);
    }
  }

  try {
    await client.check();
    await rm(failuresFile, { force: true });
    const workers = Array.from({ length: args.concurrency }, () =>
      work().catch((error: unknown) => {
        if (!(error instanceof ImportStopped)) throw error;
        broken ??= error;
      }),
    );
    await Promise.all(workers);
    progress.end(count);
  } catch (error) {
    if (!(error instanceof ImportStopped)) throw error;
    broken = error;
  }
  return report(count, failures, broken, failuresFile, print);
}

function report(
  { total, skipped, tagged, failed }: Count,
  failures: readonly Failure[],
  broken: ImportStopped | null,
  failuresFile: string,
  print: (line: string) => void,
): number {
  for (const { id, detail, code } of failures.slice(0, listed)) print(`${id}: ${detail} (${code})`);
  if (failures.length > listed) print(`and ${failures.length - listed} more`);
  if (failures.length > 0) print(`All of them: ${failuresFile}`);
  const left = total - skipped - tagged - failed;
  print(`${tagged} tagged, ${skipped} unchanged, ${failed} failed${left > 0 ? `, ${left} not sent` : ''}.`);
  if (broken) print(broken.message);
  if (left > 0) print('Run the same command again to go on.');
  if (broken?.misused) return 2;
  return failures.length > 0 || left > 0 || broken ? 1 : 0;
}
