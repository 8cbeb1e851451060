/** A model folder, an AWS on loopback and the command line between them, as a user has them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, vi } from 'vitest';
import { parseDeployArguments } from '../../src/cli/deploy/arguments.ts';
import { runDeploy } from '../../src/cli/deploy/deploy.ts';
import { composeDeploy } from '../../src/composition-deploy.ts';
import { type Aws, account, startAws } from './aws.ts';

export const infra = path.resolve(import.meta.dirname, '../../deploy/infra/clip-endpoint.yaml');

export interface Ran {
  readonly code: number;
  /** Everything said, on both streams. */
  readonly text: string;
  /** Requests of this run alone. */
  readonly requests: readonly string[];
}

export interface World {
  readonly aws: Aws;
  /** The model folder. */
  readonly folder: string;
  run(command: string, options?: RunOptions): Promise<Ran>;
}

export interface RunOptions {
  /** What is answered at the terminal; without it there is none. */
  readonly answers?: readonly boolean[];
  readonly stop?: AbortSignal;
  readonly template?: string;
}

const made: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const undo of made.splice(0)) await undo();
});

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'hangtag-deploy-'));
  made.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function writeModelFolder(folder: string): Promise<void> {
  await mkdir(path.join(folder, 'towers'), { recursive: true });
  await writeFile(path.join(folder, 'serving.properties'), 'engine=Python\noption.rolling_batch=disable\n');
  await writeFile(path.join(folder, 'model.py'), 'from towers import image\n');
  await writeFile(path.join(folder, 'towers', 'image.py'), `VECTOR = ${'[1.0]'.repeat(40_000)}\n`);
}

export async function startWorld(): Promise<World> {
  const aws = await startAws();
  made.push(() => aws.close());
  const folder = path.join(await temporaryFolder(), 'clip');
  await writeModelFolder(folder);
  const none = path.join(folder, '..', 'none');
  for (const [name, value] of Object.entries({
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_ACCESS_KEY_ID: account.accessKeyId,
    AWS_SECRET_ACCESS_KEY: account.secretAccessKey,
    AWS_SESSION_TOKEN: account.sessionToken,
    AWS_REGION: account.region,
    AWS_CONFIG_FILE: none,
    AWS_SHARED_CREDENTIALS_FILE: none,
    AWS_EC2_METADATA_DISABLED: 'true',
  }))
    vi.stubEnv(name, value);

  return {
    aws,
    folder,
    async run(command, { answers, stop = new AbortController().signal, template = infra } = {}) {
      const args = parseDeployArguments(command.split(' ').filter(Boolean));
      if (typeof args === 'string') throw new Error(args);
      if (args.command === 'package') throw new Error('Packing asks nothing of AWS.');
      const said: string[] = [];
      const left = [...(answers ?? [])];
      const before = aws.requests.length;
      const deploying = await composeDeploy({
        folder,
        template,
        region: args.region ?? process.env.AWS_REGION ?? null,
        ownS3: true,
        stop,
        pollMs: 1,
        retryMs: 1,
      });
      const code = await runDeploy(args, deploying, {
        screen: {
          isTerminal: answers !== undefined,
          write: (text) => void said.push(text),
          print: (line) => void said.push(`${line}\n`),
          async ask(question) {
            said.push(`${question}\n`);
            const answer = left.shift();
            if (answer === undefined) throw new Error(`Nobody expected to be asked: ${question}`);
            return answer;
          },
        },
        stop,
        complain: (line) => void said.push(`${line}\n`),
      });
      return { code, text: said.join(''), requests: aws.requests.slice(before) };
    },
  };
}

/** What hangtag's CLIP answers: vectors of the given direction in three dimensions. */
export function clipAnswer(vectors: { image: readonly number[]; texts: readonly (readonly number[])[] }) {
  const encode = (values: readonly number[]) =>
    Buffer.from(Float32Array.from(values).buffer).toString('base64');
  return {
    task: 'embed',
    fingerprint: 'sha256:0123',
    dim: 3,
    images: [{ vector: encode(vectors.image) }],
    texts: vectors.texts.map((text) => ({ vector: encode(text), truncated: false })),
  };
}
