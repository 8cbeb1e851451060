/** After deploying: how the stack is, and taking it down. */
import * as states from './deploy-stack.ts';
import { DeployFault, type Pause, type Stack, type StackEvent, type Stacks } from './ports-deploy.ts';

export interface ClipStatus {
  readonly stack: Stack;
  /** Nothing is wrong and nothing is under way. */
  readonly sound: boolean;
  readonly busy: boolean;
  /** Why the last change failed, if it did. */
  readonly failure: string | null;
}

export type ReadClipStatus = (stack: string) => Promise<ClipStatus | null>;

export function createReadClipStatus({ stacks }: { stacks: Stacks }): ReadClipStatus {
  return async (name) => {
    const stack = await stacks.find(name);
    if (!stack || states.isEmpty(stack.status)) return null;
    const sound = states.isSound(stack.status);
    const busy = states.isBusy(stack.status);
    const events = sound ? [] : states.lastOperation(await stacks.events(stack.id, null));
    const failed = states.firstFailure(events) !== null || (!sound && !busy);
    return { stack, sound, busy, failure: failed ? states.describeFailure(events) : null };
  };
}

export interface DestroyWatch {
  event(event: StackEvent): void;
  note(text: string): void;
  confirm(question: string): Promise<boolean>;
}

export type DestroyClip = (stack: string, watch: DestroyWatch) => Promise<'destroyed' | 'not there' | 'left'>;

export function createDestroyClip({ stacks, pause }: { stacks: Stacks; pause: Pause }): DestroyClip {
  return async (name, watch) => {
    const stack = await stacks.find(name);
    if (!stack) return 'not there';
    if (stack.status === 'DELETE_IN_PROGRESS') {
      watch.note(`${name} is being removed already: following that.`);
      const after = states.beforeLastOperation(await stacks.events(stack.id, null));
      const { status, events } = await states.follow(stacks, pause, stack.id, after, watch.event);
      if (status === 'DELETE_COMPLETE') return 'destroyed';
      throw new DeployFault(
        `Not everything could be removed (${status}).\n${states.describeFailure(events)}`,
      );
    }
    if (!(await watch.confirm(`Remove the endpoint and everything else in ${name}?`))) return 'left';
    if (states.isBusy(stack.status) && stack.status !== 'CREATE_IN_PROGRESS') {
      watch.note(`${name} is changing (${stack.status}), and can be removed after that.`);
      const after = states.beforeLastOperation(await stacks.events(stack.id, null));
      await states.follow(stacks, pause, stack.id, after, watch.event);
    }
    await states.removeStack(stacks, pause, stack.id, watch.event);
    return 'destroyed';
  };
}
