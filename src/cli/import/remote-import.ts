/** An import that the server does: sent, followed with its progress, and told of at the end. It goes on without us. */
import { appendFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KnownImport } from './arguments.ts';
import { type ClientOptions, ImportStopped } from './client.ts';
import { createBar, duration, type Screen } from './progress.ts';
import { createRemoteClient, type RemoteClient, type RemoteImport } from './remote-client.ts';

export interface RemoteNeeds {
  readonly server: ClientOptions;
  readonly screen: Screen;
  print(line: string): void;
  /** Milliseconds between two looks; one second unless told. */
  readonly everyMs?: number;
}

export interface SentLines {
  lines(): AsyncIterable<string | Uint8Array> | Iterable<string>;
  readonly key: string;
  readonly dryRun: boolean;
  readonly failuresFile: string;
}

const listed = 20;
const over = ['finished', 'cancelled', 'failed'];
const mebibyte = 2 ** 20;

/** Exit code: 0 every line is done; 1 something failed, or the import goes on without us; 2 a refused key. */
export async function sendImport(sent: SentLines, needs: RemoteNeeds): Promise<number> {
  const client = createRemoteClient(needs.server);
  return told(needs, async () => {
    const begun = new Date().toISOString();
    const bar = createBar<number>(needs.screen, (bytes) => ({
      share: null,
      text: `sent ${(bytes / mebibyte).toFixed(1)} MiB`,
    }));
    let bytes = 0;
    const { id, createdAt } = await client
      .send(sent.lines, sent, (count) => {
        bytes = count;
        bar.show(count);
      })
      .catch((error: unknown) => {
        if (!needs.server.stop.aborted) throw error;
        throw new ImportStopped('Stopped before everything was received: nothing of it is run.', false);
      });
    bar.end(bytes);
    needs.print(`Import ${id}`);
    if (createdAt < begun) needs.print(`It began at ${createdAt}; --restart imports the file again.`);
    return followed(client, id, sent.failuresFile, needs);
  });
}

/** Of an import that is there: followed to its end, or told to pause, resume or cancel. */
export async function changeImport({ verb, id }: KnownImport, needs: RemoteNeeds): Promise<number> {
  const client = createRemoteClient(needs.server);
  return told(needs, async () => {
    if (verb === 'follow') return followed(client, id, null, needs);
    const found = await client.change(id, verb);
    needs.print(`Import ${id} is ${found.state}: ${describeRemote(found)}`);
    return 0;
  });
}

async function told({ print }: RemoteNeeds, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ImportStopped)) throw error;
    print(error.message);
    return error.misused ? 2 : 1;
  }
}

async function followed(
  client: RemoteClient,
  id: string,
  failuresFile: string | null,
  needs: RemoteNeeds,
): Promise<number> {
  const { server, screen, print, everyMs = 1000 } = needs;
  const bar = createBar<RemoteImport>(screen, (found) => ({
    share: found.plan.total === 0 ? 0 : found.progress.done / found.plan.total,
    text: describeRemote(found),
  }));
  let shown: RemoteImport | null = null;
  try {
    for (;;) {
      const found = await client.read(id);
      if (over.includes(found.state)) {
        bar.end(found);
        return report(client, found, failuresFile, print);
      }
      shown = found;
      bar.show(found);
      await sleep(everyMs, undefined, { signal: server.stop }).catch(() => {});
      if (server.stop.aborted) break;
    }
  } catch (error) {
    if (!(error instanceof ImportStopped) || error.misused) throw error;
    if (!server.stop.aborted) print(error.message);
  }
  if (shown) bar.end(shown);
  print(`The import goes on. Follow it:  npm run hangtag -- import --follow ${id}`);
  print(`Or end it:                      npm run hangtag -- import --cancel ${id}`);
  return 1;
}

/** `130/2000  3.7/s  eta 8m 20s  3 failed`. */
export function describeRemote({ state, plan, progress }: RemoteImport): string {
  const { done, failed, ratePerSecond: rate, etaSeconds: eta } = progress;
  const parts = [`${done}/${plan.total}`];
  if (state !== 'running' && !over.includes(state)) parts.push(state);
  if (rate !== null) parts.push(`${rate.toFixed(1)}/s`);
  if (eta !== null && done < plan.total) parts.push(`eta ${duration(eta)}`);
  if (failed > 0) parts.push(`${failed} failed`);
  return parts.join('  ');
}

async function report(
  client: RemoteClient,
  { id, state, dryRun, plan, progress, error }: RemoteImport,
  failuresFile: string | null,
  print: (line: string) => void,
): Promise<number> {
  if (failuresFile) await rm(failuresFile, { force: true });
  let count = 0;
  if (progress.failed > 0) {
    for await (const failure of client.failures(id)) {
      const { line, productId, code, errors } = failure;
      const detail = errors.length > 1 ? errors.map((one) => one.detail).join(' ') : failure.detail;
      if (++count <= listed)
        print(`line ${line}${productId === null ? '' : `, ${productId}`}: ${detail} (${code})`);
      const kept = { line, id: productId, status: null, code, detail };
      if (failuresFile) await appendFile(failuresFile, `${JSON.stringify(kept)}\n`);
    }
    if (count > listed) print(`and ${count - listed} more`);
    print(`All of them: ${failuresFile ?? `GET /admin/imports/${id}/failures`}`);
  }
  if (dryRun) {
    const { inferences, seconds } = plan.estimate;
    const takes =
      seconds === null ? 'how long that takes was not measured yet' : `about ${duration(seconds)}`;
    print(
      `${plan.total} lines, ${plan.invalid} invalid, ${plan.images} images, ${inferences ?? 0} of them new: ${takes}.`,
    );
    return plan.invalid > 0 ? 1 : 0;
  }
  const left = plan.total - progress.done;
  const { changed, unchanged, failed } = progress;
  print(
    `${changed} changed, ${unchanged} unchanged, ${failed} failed${left > 0 ? `, ${left} not done` : ''}.`,
  );
  if (error) print(`${error.detail} (${error.code})`);
  if (state !== 'finished') print(`The import is ${state}.`);
  return state === 'finished' && failed === 0 ? 0 : 1;
}
