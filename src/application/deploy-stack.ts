/** What a stack's states and events mean, and following it until it has settled. */
import { DeployFault, type Pause, type StackEvent, type Stacks } from './ports-deploy.ts';

export function isBusy(status: string): boolean {
  return status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS';
}

/** Made for a plan that was never carried out: nothing is in it. */
export function isEmpty(status: string): boolean {
  return status === 'REVIEW_IN_PROGRESS';
}

/** Cannot be changed any more, only removed: its creation failed. */
export function isLost(status: string): boolean {
  return ['ROLLBACK_COMPLETE', 'ROLLBACK_FAILED', 'CREATE_FAILED', 'DELETE_FAILED'].includes(status);
}

export function isSound(status: string): boolean {
  return status === 'CREATE_COMPLETE' || status === 'UPDATE_COMPLETE';
}

/** The events of what was begun last. */
export function lastOperation(events: readonly StackEvent[]): readonly StackEvent[] {
  const start = events.findLastIndex(
    ({ ofStack, status }) => ofStack && /^(CREATE|UPDATE|DELETE|IMPORT)_IN_PROGRESS$/.test(status),
  );
  return events.slice(Math.max(0, start));
}

/** The first thing that went wrong: what follows it is only taken back. */
export function firstFailure(events: readonly StackEvent[]): StackEvent | null {
  const failed = events.filter(
    ({ ofStack, status, reason }) =>
      !ofStack && status.endsWith('_FAILED') && !/cancelled/i.test(reason ?? ''),
  );
  return failed[0] ?? events.find(({ status }) => status.endsWith('_FAILED')) ?? null;
}

/** `Endpoint (AWS::SageMaker::Endpoint): the reason`. */
export function describeFailure(events: readonly StackEvent[]): string {
  const failure = firstFailure(events);
  if (!failure) return 'AWS gave no reason.';
  return `${failure.resource} (${failure.type}): ${failure.reason ?? failure.status}`;
}

/**
 * Waits for the end of what began after the event `after`; each event is handed on as it comes. The end is read from the
 * events, because a stack shows its old status for a moment after a change has begun.
 */
export async function follow(
  stacks: Stacks,
  pause: Pause,
  id: string,
  after: string | null,
  onEvent: (event: StackEvent) => void,
): Promise<{ readonly status: string; readonly events: readonly StackEvent[] }> {
  const seen: StackEvent[] = [];
  for (;;) {
    const fresh = await stacks.events(id, seen.at(-1)?.id ?? after);
    for (const event of fresh) {
      seen.push(event);
      onEvent(event);
    }
    const end = seen.findLast(({ ofStack }) => ofStack);
    if (end && /_(COMPLETE|FAILED)$/.test(end.status)) return { status: end.status, events: seen };
    await pause();
  }
}

/** For a stack that somebody is changing already: the event before that began. */
export function beforeLastOperation(events: readonly StackEvent[]): string | null {
  return events.at(-lastOperation(events).length - 1)?.id ?? null;
}

/** The newest event, to follow what comes after it. */
export async function newestEvent(stacks: Stacks, id: string): Promise<string | null> {
  return (await stacks.events(id, null)).at(-1)?.id ?? null;
}

/** Removes a stack and waits; throws with the first reason when something could not be removed. */
export async function removeStack(
  stacks: Stacks,
  pause: Pause,
  id: string,
  onEvent: (event: StackEvent) => void,
): Promise<void> {
  const after = await newestEvent(stacks, id);
  await stacks.remove(id);
  const { status, events } = await follow(stacks, pause, id, after, onEvent);
  if (status !== 'DELETE_COMPLETE')
    throw new DeployFault(
      `Not everything could be removed (${status}).\n${describeFailure(events)}\nRun destroy again once that is solved.`,
    );
}
