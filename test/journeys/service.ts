/**
 * Starts the real service as a process of its own on a free port: a journey knows it only by HTTP. As it was built for
 * the run (`test/prepare.ts`), or from SERVICE_ENTRY.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { copyEmptyDatabase } from '../adapters/store/fresh-database-folder.ts';

const root = path.resolve(import.meta.dirname, '../..');

export interface Service {
  readonly url: string;
  readonly process: ChildProcess;
  /** Everything it logged so far. */
  log(): string;
  /** Sends the signal and resolves with the exit code (null if the signal killed it). */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

const entry = process.env.SERVICE_ENTRY ? [process.env.SERVICE_ENTRY] : ['--import', 'tsx', 'src/main.ts'];
const commands = process.env.SERVICE_ENTRY
  ? [path.join(path.dirname(process.env.SERVICE_ENTRY), 'cli/hangtag.js')]
  : ['--import', 'tsx', 'src/cli/hangtag.ts'];

/**
 * Rejects with its output if it ends before it listens. `under`: a program, with arguments, that becomes the service.
 * `firstStart`: the service creates its database itself.
 */
export async function startService(
  settings: Readonly<Record<string, string>>,
  under: readonly string[] = [],
  firstStart = false,
): Promise<Service> {
  if (!firstStart && settings.DATA_DIR && !settings.DATABASE_URL && existsSync(settings.DATA_DIR))
    copyEmptyDatabase(path.join(settings.DATA_DIR, 'database'));
  const line = [...under, process.execPath, ...entry];
  const { found, ...running } = await startWhole(line, settings, /"address":"(http:[^"]+)"/);
  return { ...running, url: found };
}

/** One process of several on one database. A worker has no address. */
export async function startRole(
  role: 'serve' | 'work',
  settings: Readonly<Record<string, string>>,
): Promise<Service> {
  const ready = role === 'serve' ? /"address":"(http:[^"]+)"/ : /hangtag works()/;
  const { found, ...running } = await startWhole([process.execPath, ...commands, role], settings, ready);
  return { ...running, url: found };
}

async function startWhole(
  [program, ...rest]: readonly string[],
  settings: Readonly<Record<string, string>>,
  ready: RegExp,
): Promise<Omit<Service, 'url'> & { readonly found: string }> {
  const child = spawn(program!, rest, {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const exited = ended.then(([code]) => code);
  const found = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString('utf8');
      const match = ready.exec(output);
      if (match) resolve(match[1]!);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    ended.then(([code, signal]) =>
      reject(new Error(`the service ended with ${signal ?? `code ${code}`}:\n${output}`)),
    );
  });
  return {
    found,
    process: child,
    log: () => output,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
}
