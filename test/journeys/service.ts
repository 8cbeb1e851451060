/**
 * Starts the real service as a process of its own on a free port: a journey knows it only by HTTP. From source, or from
 * SERVICE_ENTRY (dist/main.js, built) where that is set.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

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

/** Rejects with its output if it ends before it listens. `under`: a program, with arguments, that becomes the service. */
export async function startService(
  settings: Readonly<Record<string, string>>,
  under: readonly string[] = [],
): Promise<Service> {
  const [program, ...rest] = [...under, process.execPath, ...entry];
  const child = spawn(program!, rest, {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const exited = ended.then(([code]) => code);
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString('utf8');
      const found = /"address":"(http:[^"]+)"/.exec(output);
      if (found) resolve(found[1]!);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    ended.then(([code, signal]) =>
      reject(new Error(`the service ended with ${signal ?? `code ${code}`}:\n${output}`)),
    );
  });
  return {
    url,
    process: child,
    log: () => output,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
}
