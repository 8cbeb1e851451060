/** Joins `deploy` to the process: settings of the environment, the terminal, Ctrl-C. */
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { composeDeploy, packClip } from '../../composition-deploy.ts';
import type { DeployArguments } from './arguments.ts';
import { runDeploy } from './deploy.ts';
import { runPackage } from './package.ts';

export interface DeployProcess {
  /** The folder that holds deploy/. */
  readonly root: string;
  readonly stop: AbortSignal;
  print(line: string): void;
  complain(line: string): void;
}

export async function startDeploy(args: DeployArguments, at: DeployProcess): Promise<number> {
  const folder = path.join(at.root, 'deploy', 'clip');
  if (args.command === 'package')
    return runPackage(() => packClip(folder, args.weights, path.resolve(args.to)), at);
  const deploying = await composeDeploy({
    folder,
    template: path.join(at.root, 'deploy', 'infra', 'clip-endpoint.yaml'),
    region: args.region ?? (process.env.AWS_REGION?.trim() || process.env.AWS_DEFAULT_REGION?.trim() || null),
    ownS3: Boolean(process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL),
    stop: at.stop,
  });
  return runDeploy(args, deploying, {
    screen: {
      isTerminal: process.stdin.isTTY === true && process.stderr.isTTY === true,
      write: (text) => process.stderr.write(text),
      print: at.print,
      ask: (question) => ask(question, at.stop),
    },
    stop: at.stop,
    complain: at.complain,
  });
}

async function ask(question: string, signal: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // While it reads, Ctrl-C reaches the terminal's reader and not the process.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    terminal.close();
  }
}
