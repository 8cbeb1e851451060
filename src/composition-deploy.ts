/** Constructs what deploying needs. Apart from `composition.ts`, so that the service never loads CloudFormation. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { createArtifacts } from './adapters/deploy/artifacts.ts';
import { createClients } from './adapters/deploy/clients.ts';
import { createInvokeEndpoint } from './adapters/deploy/endpoint.ts';
import { packFolder, packIntoFile } from './adapters/deploy/package-folder.ts';
import { redSquare } from './adapters/deploy/red-square.ts';
import { createStacks } from './adapters/deploy/stacks.ts';
import { createDeployClip, type DeployClip } from './application/deploy-clip.ts';
import { createSmokeClip, type SmokeClip } from './application/deploy-smoke.ts';
import {
  createDestroyClip,
  createReadClipStatus,
  type DestroyClip,
  type ReadClipStatus,
} from './application/deploy-upkeep.ts';

export interface DeployOptions {
  /** The model folder, and the template of its stack. */
  readonly folder: string;
  readonly template: string;
  /** null: as the SDK finds it. */
  readonly region: string | null;
  /** An S3 that is not AWS's is asked by path. */
  readonly ownS3: boolean;
  readonly stop: AbortSignal;
  /** Milliseconds between two looks at a change under way. */
  readonly pollMs?: number;
  readonly retryMs?: number;
}

export interface Deploying {
  readonly deployClip: DeployClip;
  readonly readClipStatus: ReadClipStatus;
  readonly destroyClip: DestroyClip;
  readonly smokeClip: SmokeClip;
}

export async function composeDeploy(options: DeployOptions): Promise<Deploying> {
  const { folder, region, ownS3, stop, pollMs = 5_000, retryMs = 1_000 } = options;
  const { s3, formation, runtime } = createClients({ region, ownS3 });
  const pause = () => wait(pollMs, undefined, { signal: stop });
  // A change set is worked out within seconds.
  const stacks = createStacks(formation, stop, () =>
    wait(Math.min(pollMs, 1_000), undefined, { signal: stop }),
  );
  return {
    deployClip: createDeployClip({
      pack: () => packFolder(folder),
      template: await readFile(options.template, 'utf8'),
      hash: (text) => createHash('sha256').update(text).digest('hex'),
      artifacts: createArtifacts(s3, stop, retryMs),
      stacks,
      pause,
    }),
    readClipStatus: createReadClipStatus({ stacks }),
    destroyClip: createDestroyClip({ stacks, pause }),
    smokeClip: createSmokeClip({ stacks, invoke: createInvokeEndpoint(runtime, stop), picture: redSquare }),
  };
}

/** The archive alone, as a file: nothing of AWS is needed or asked. */
export const packClip = packIntoFile;
