/**
 * Deploys CLIP: pack, look, plan, ask, upload, change, follow. Each step may be repeated: what is there already is kept,
 * and a deployment that is under way is followed instead of begun twice.
 */
import { type ClipPlan, type ClipWish, planClip } from './deploy-parameters.ts';
import * as states from './deploy-stack.ts';
import {
  type Artifacts,
  type ChangeSet,
  DeployFault,
  type PackedFolder,
  type Pause,
  type Stack,
  type StackEvent,
  type StackRequest,
  type Stacks,
} from './ports-deploy.ts';

/** What happens, as it happens, for whoever shows it. */
export interface DeployWatch {
  packed(packed: PackedFolder, key: string): void;
  /** The very same archive is there already. */
  alreadyStored(): void;
  sent(bytes: number, total: number): void;
  planned(changes: ChangeSet['changes'], creates: boolean): void;
  event(event: StackEvent): void;
  note(text: string): void;
  /** Whether to go on. */
  confirm(question: string): Promise<boolean>;
}

export interface DeployNeeds {
  readonly pack: () => Promise<PackedFolder>;
  readonly template: string;
  readonly hash: (text: string) => string;
  readonly artifacts: Artifacts;
  readonly stacks: Stacks;
  readonly pause: Pause;
}

export type Deployed =
  | { readonly kind: 'changed' | 'unchanged'; readonly outputs: Stack['outputs'] }
  /** A dry run, or the answer was no. */
  | { readonly kind: 'left' };

export type DeployClip = (wish: ClipWish, dryRun: boolean, watch: DeployWatch) => Promise<Deployed>;

export function createDeployClip(needs: DeployNeeds): DeployClip {
  const { artifacts, stacks, pause } = needs;

  return async function deployClip(wish, dryRun, watch) {
    const packed = await needs.pack();
    const region = await stacks.region();
    const plan = planClip(wish, packed, region, needs.template, needs.hash);
    watch.packed(packed, `s3://${wish.bucket}/${plan.key}`);
    const home = await artifacts.region(wish.bucket);
    if (home !== null && home !== region)
      throw new DeployFault(
        `The bucket ${wish.bucket} is in ${home}, the endpoint would be in ${region}. SageMaker reads from its own region.`,
        { nothingBegun: true },
      );

    const stack = await settled(wish.stack, dryRun, watch);
    const request: StackRequest = {
      name: wish.stack,
      creates: stack === null || states.isEmpty(stack.status),
      template: needs.template,
      parameters: plan.parameters,
    };
    let changes = await stacks.prepare(request);
    if (changes) watch.planned(changes.changes, request.creates);
    const pausesScaling = changes !== null && stack !== null && movesScaledVariant(stack, plan);
    if (pausesScaling)
      watch.note('SageMaker changes the type of an instance only without scaling: that is taken off first.');
    if (changes && (dryRun || !(await watch.confirm('Go on?')))) {
      await discard(changes, stack === null);
      return { kind: 'left' };
    }
    if (!dryRun) await upload(wish, plan, packed, watch);
    if (changes === null) return { kind: 'unchanged', outputs: stack?.outputs ?? {} };
    if (pausesScaling) {
      await stacks.discard(changes);
      await takeScalingOff(wish.stack, watch);
      changes = await stacks.prepare(request);
    }
    if (changes) await carryOut(changes, watch);
    return { kind: 'changed', outputs: (await stacks.find(wish.stack))?.outputs ?? {} };
  };

  /** The stack once nothing is under way, or null; one whose creation failed is removed, if that is wanted. */
  async function settled(name: string, dryRun: boolean, watch: DeployWatch): Promise<Stack | null> {
    let stack = await stacks.find(name);
    if (stack && states.isBusy(stack.status)) {
      watch.note(`${name} is changing already (${stack.status}): following that first.`);
      const after = states.beforeLastOperation(await stacks.events(stack.id, null));
      const { status } = await states.follow(stacks, pause, stack.id, after, watch.event);
      stack = status === 'DELETE_COMPLETE' ? null : await stacks.find(stack.id);
    }
    if (!stack) return null;
    if (stack.status === 'UPDATE_ROLLBACK_FAILED')
      throw new DeployFault(
        `${name} could not even be rolled back (UPDATE_ROLLBACK_FAILED).\n${await lastFailure(stack)}\nSolve that, then: aws cloudformation continue-update-rollback --stack-name ${name}`,
        { nothingBegun: true },
      );
    if (!states.isLost(stack.status)) return stack;
    watch.note(
      `An earlier deployment of ${name} failed and left a stack that can only be removed (${stack.status}).\n${await lastFailure(stack)}`,
    );
    if (dryRun || !(await watch.confirm('Remove it and deploy anew?')))
      throw new DeployFault(`Remove it with: npm run hangtag -- deploy clip destroy --stack ${name}`, {
        nothingBegun: true,
      });
    await states.removeStack(stacks, pause, stack.id, watch.event);
    return null;
  }

  async function lastFailure(stack: Stack): Promise<string> {
    return states.describeFailure(states.lastOperation(await stacks.events(stack.id, null)));
  }

  async function upload(
    wish: ClipWish,
    plan: ClipPlan,
    packed: PackedFolder,
    watch: DeployWatch,
  ): Promise<void> {
    const place = { bucket: wish.bucket, key: plan.key, kmsKey: wish.kmsKey };
    if (await artifacts.holds(place, packed)) return watch.alreadyStored();
    await artifacts.put(place, packed, (bytes) => watch.sent(bytes, packed.bytes.byteLength));
  }

  async function takeScalingOff(name: string, watch: DeployWatch): Promise<void> {
    const changes = await stacks.prepare({
      name,
      creates: false,
      template: null,
      parameters: { Autoscaling: 'off' },
    });
    if (changes) await carryOut(changes, watch);
  }

  async function carryOut(changes: ChangeSet, watch: DeployWatch): Promise<void> {
    const after = await states.newestEvent(stacks, changes.stackId);
    await stacks.execute(changes);
    const { status, events } = await states.follow(stacks, pause, changes.stackId, after, watch.event);
    if (states.isSound(status)) return;
    const reason = states.describeFailure(events);
    throw new DeployFault(
      states.isLost(status)
        ? `The endpoint was not made (${status}).\n${reason}\nRun the same command again to remove what is left and try anew.`
        : `The change failed, and the endpoint is as it was before (${status}).\n${reason}`,
    );
  }

  async function discard(changes: ChangeSet, madeForIt: boolean): Promise<void> {
    await stacks.discard(changes);
    // Planning a new stack leaves an empty one behind.
    if (madeForIt) await stacks.remove(changes.stackId);
  }
}

function movesScaledVariant(stack: Stack, plan: ClipPlan): boolean {
  const { InstanceType, Autoscaling } = stack.parameters;
  return Autoscaling === 'on' && InstanceType !== plan.parameters.InstanceType;
}
