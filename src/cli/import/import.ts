/**
 * `import`: products from a folder or a file to a running hangtag, with progress. What the server can fetch it imports itself; pictures
 * that lie here are sent, and a later run goes on where this one stopped.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile, rm } from 'node:fs/promises';
import type { ImportArguments, SourceArguments } from './arguments.ts';
import { createReadStatement } from './attributes.ts';
import { type Client, type ClientOptions, createClient, ImportStopped, type Outcome } from './client.ts';
import type { Failure } from './failure.ts';
import { type ImportProduct, SourceError } from './product.ts';
import { type Count, createProgress, type Screen } from './progress.ts';
import { changeImport, sendImport } from './remote-import.ts';
import { areRemote, hasServerLines, linesOf, nameOf } from './remote-lines.ts';
import { readSource, type Source } from './source.ts';
import { hashInputs, openState } from './state.ts';

export interface ImportNeeds {
  readonly server: ClientOptions;
  readonly screen: Screen;
  print(line: string): void;
  /** Milliseconds between two looks at an import of the server's; one second unless told. */
  readonly everyMs?: number;
}

const listed = 20;

/** Exit code: 0 all stored; 1 something failed or the run ended early; 2 nothing could be begun. */
export async function runImport(args: ImportArguments, needs: ImportNeeds): Promise<number> {
  if ('verb' in args) return changeImport(args, needs);
  const { print } = needs;
  const send = async (lines: () => ReturnType<typeof linesOf> | ReturnType<typeof createReadStream>) => {
    const { restart, dryRun } = args;
    const key = restart ? randomUUID() : await nameOf(args.source, needs.server.url, dryRun);
    return sendImport({ lines, key, dryRun, failuresFile: `${args.source}.failures.ndjson` }, needs);
  };
  if (await hasServerLines(args.source)) return send(() => createReadStream(args.source));
  let source: Source;
  let remote: boolean;
  try {
    source = await readSource(args.source);
    remote = areRemote(source.products);
    if (args.dryRun && !remote) throw new SourceError(['--dry-run is for sources whose images are URLs.']);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    for (const problem of error.problems.slice(0, listed)) print(problem);
    if (error.problems.length > listed) print(`and ${error.problems.length - listed} more`);
    print('Nothing was sent.');
    return 2;
  }
  for (const note of source.notes) print(note);
  return remote ? send(() => linesOf(source.products)) : uploadAll(source, args, needs);
}

/** Pictures that lie here: each product is sent with its own. */
async function uploadAll(
  source: Source,
  args: SourceArguments,
  { server, screen, print }: ImportNeeds,
): Promise<number> {
  const client = createClient(server);
  const say = createSay(client);
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
      const before = state.doneWith(product, inputs);
      if (before) {
        for (const fault of before) await fail(fault);
        count.skipped++;
        continue;
      }
      let outcome = await client.send(product);
      if (outcome.kind === 'done' && inputs.said !== null && !state.wasSaid(product, inputs))
        outcome = both(outcome, await say(product));
      if (outcome.kind === 'stopped') return;
      if (outcome.kind === 'failed') {
        await fail(outcome.failure);
        count.failed++;
      } else {
        // Stored, so not sent again; but a picture or a word that could not be used is somebody’s to look at.
        for (const fault of outcome.faults) await fail(fault);
        await state.markDone(product, inputs, outcome.faults);
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
        if (!server.stop.aborted) broken ??= error;
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

type Done = Extract<Outcome, { readonly kind: 'done' }>;

/** What the source says of a product's attributes, to the server; what it does not know is a fault of the product. */
function createSay(client: Client): (product: ImportProduct) => Promise<Outcome> {
  const readStatement = createReadStatement((id) => client.attribute(id));
  return async ({ id, attributes, variants }) => {
    const { set, unknown } = await readStatement(attributes, new Set(variants).size > 1);
    const faults = unknown.map((detail): Failure => ({ id, status: null, code: 'attributes', detail }));
    if (Object.keys(set).length === 0) return { kind: 'done', faults };
    const said = await client.say(id, set);
    return said.kind === 'done' ? { kind: 'done', faults } : said;
  };
}

function both(first: Done, second: Outcome): Outcome {
  return second.kind === 'done' ? { kind: 'done', faults: [...first.faults, ...second.faults] } : second;
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
