/**
 * Does a piece of accepted work. Done twice it comes to the same: its place in the order of inputs is fixed. What the
 * caller got wrong ends it; what may pass is tried again, with growing waits, until the attempts are used up.
 */
import { HangtagError } from '../domain/errors.ts';
import type { Fault, Job, Operations } from './ports-work.ts';
import type { RunTagging } from './run-tagging.ts';

export interface RunOperationNeeds {
  readonly operations: Operations;
  readonly runTagging: RunTagging;
  /** Milliseconds for one attempt. */
  readonly timeoutMs: number;
  /** Told of what nobody foresaw. */
  readonly onUnexpected: (error: unknown, operationId: string) => void;
}

/** With growing waits from two seconds these take about ten minutes. */
export const maxAttempts = 9;

/** Rejects where the work should be tried again later. */
export function createRunOperation(needs: RunOperationNeeds): (job: Job) => Promise<void> {
  const { operations, runTagging, timeoutMs, onUnexpected } = needs;

  return async ({ operationId }) => {
    const begun = await operations.begin(operationId);
    if (!begun) return;
    const { tagging, attempts } = begun;
    // Begun and never ended, again and again: work that takes the process down with it must not do so for ever.
    if (attempts > maxAttempts) {
      const detail = `Given up after ${maxAttempts} attempts.`;
      await operations.end(operationId, { error: { code: 'service.internal', detail } });
      return;
    }
    try {
      const { request, sequence } = tagging;
      const tagSet = await runTagging(request, { sequence, call: null }, AbortSignal.timeout(timeoutMs));
      await operations.end(operationId, { revision: tagSet.revision });
    } catch (error) {
      if (!(error instanceof HangtagError)) onUnexpected(error, operationId);
      const fault = faultOf(error);
      if (attempts >= maxAttempts || !mayPass(error)) {
        await operations.end(operationId, { error: fault });
        return;
      }
      await operations.postpone(operationId, fault);
      throw error;
    }
  };
}

/** A timeout counts as one: the signal's reason is not ours. */
function mayPass(error: unknown): boolean {
  return !(error instanceof HangtagError) || error.kind.retryable;
}

function faultOf(error: unknown): Fault {
  if (error instanceof HangtagError) return { code: error.code, detail: error.message };
  return { code: 'service.internal', detail: 'Something went wrong here.' };
}
