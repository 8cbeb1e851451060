/**
 * `deploy clip`, its status, its smoke test and its end.
 * Exit code: 0 it is as was asked for; 1 something was begun and failed, or stands badly; 2 nothing was begun.
 */
import { DeployFault } from '../../application/ports-deploy.ts';
import type { Deploying } from '../../composition-deploy.ts';
import type { AwsArguments } from './arguments.ts';
import { createShow, type DeployScreen } from './show.ts';

export interface DeployContext {
  readonly screen: DeployScreen;
  readonly stop: AbortSignal;
  complain(line: string): void;
}

export async function runDeploy(
  args: AwsArguments,
  deploying: Deploying,
  { screen, stop, complain }: DeployContext,
): Promise<number> {
  const asks = args.command === 'destroy' || (args.command === 'deploy' && !args.dryRun);
  if (asks && !args.yes && !screen.isTerminal) {
    complain('Nobody can be asked here: add --yes, or look first with --dry-run.');
    return 2;
  }
  try {
    return await perform(args, deploying, screen);
  } catch (error) {
    if (stop.aborted) {
      complain(
        'Stopped watching. What AWS has begun goes on: see deploy clip status, or run the same again.',
      );
      return 1;
    }
    if (!(error instanceof DeployFault)) throw error;
    complain(error.message);
    return error.nothingBegun ? 2 : 1;
  }
}

function perform(args: AwsArguments, deploying: Deploying, screen: DeployScreen): Promise<number> {
  if (args.command === 'deploy') return deploy(args, deploying, screen);
  if (args.command === 'status') return status(args.stack, deploying, screen);
  if (args.command === 'smoke') return smoke(args.stack, deploying, screen);
  return destroy(args.stack, args.yes, deploying, screen);
}

async function deploy(
  args: Extract<AwsArguments, { command: 'deploy' }>,
  { deployClip }: Deploying,
  screen: DeployScreen,
): Promise<number> {
  const { wish, dryRun, yes } = args;
  if (wish.modelId === null) screen.print('No --model-id: the weights are taken from the folder itself.');
  else if (!wish.modelId.startsWith('s3://') && wish.modelRevision === null)
    screen.print('A hub id without --model-revision: whoever owns it can change what you serve.');
  const done = await deployClip(wish, dryRun, createShow(screen, yes));
  if (done.kind === 'left') {
    screen.print(dryRun ? 'A dry run: nothing was uploaded, nothing was changed.' : 'Nothing was changed.');
    return dryRun ? 0 : 2;
  }
  screen.print(done.kind === 'unchanged' ? 'Everything is as it should be.' : 'Done.');
  for (const [name, value] of Object.entries(done.outputs)) screen.print(`  ${name}: ${value}`);
  if (!dryRun) screen.print(`Try it: npm run hangtag -- deploy clip smoke${named(args.region, wish.stack)}`);
  return 0;
}

function named(region: string | null, stack: string): string {
  return `${region === null ? '' : ` --region ${region}`} --stack ${stack}`;
}

async function status(name: string, { readClipStatus }: Deploying, screen: DeployScreen): Promise<number> {
  const found = await readClipStatus(name);
  if (!found) {
    screen.print(`There is no ${name}.`);
    return 1;
  }
  const { stack, sound, busy, failure } = found;
  screen.print(`${name}: ${stack.status}`);
  for (const [key, value] of Object.entries(stack.outputs)) screen.print(`  ${key}: ${value}`);
  const { InstanceType, MinInstances, MaxInstances, ModelId } = stack.parameters;
  screen.print(`  Instances: ${MinInstances} to ${MaxInstances} of ${InstanceType}`);
  if (ModelId) screen.print(`  Weights: ${ModelId}`);
  if (failure) screen.print(`What went wrong: ${failure}`);
  return sound || (busy && !failure) ? 0 : 1;
}

async function smoke(name: string, { smokeClip }: Deploying, screen: DeployScreen): Promise<number> {
  const { endpoint, fingerprint, dim, ms, cosines } = await smokeClip(name);
  screen.print(`${endpoint} answered in ${Math.round(ms)} ms: ${dim} dimensions, ${fingerprint}`);
  for (const { text, cosine } of cosines)
    screen.print(`  a red square is to "${text}" as ${cosine.toFixed(3)}`);
  return 0;
}

async function destroy(
  name: string,
  yes: boolean,
  { destroyClip }: Deploying,
  screen: DeployScreen,
): Promise<number> {
  const outcome = await destroyClip(name, createShow(screen, yes));
  if (outcome === 'left') {
    screen.print('Nothing was removed.');
    return 2;
  }
  screen.print(outcome === 'not there' ? `There is no ${name}: nothing to remove.` : `${name} is removed.`);
  if (outcome === 'destroyed') screen.print('The bucket and what is in it stay.');
  return 0;
}
