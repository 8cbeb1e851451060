/**
 * Does a piece of accepted work. Done twice it comes to the same: its place in the order of inputs is fixed. What the
 * caller got wrong ends it; what may pass is tried again, with growing waits, until the attempts are used up. While the
 * model is away the work is held instead: it costs no attempt, however long that takes.
 */
import { HangtagError } from '../domain/errors.ts';
import type { IngestEvent } from './ingest-event.ts';
import type { AcceptedWork, Fault, Operations } from './ports-work.ts';
import type { RunTagging } from './run-tagging.ts';

/** Whether the model answers, as far as is known without asking it. */
export interface ModelPresence {
  /** Why it gives no answers, in plain words; null while it does. */
  away(): string | null;
  /** It is away, and nothing would be asked of it now: trying only costs. */
  resting(): boolean;
}

export interface RunOperationNeeds {
  readonly operations: Operations;
  readonly runTagging: RunTagging;
  readonly ingestEvent: IngestEvent;
  readonly model: ModelPresence;
  /** Milliseconds for one attempt. */
  readonly timeoutMs: number;
  /** Told of what nobody foresaw. */
  readonly onUnexpected: (error: unknown, operationId: string) => void;
  /** Seconds. Short and long enough that held work neither spins nor comes late; 5 and 15 unless told. */
  readonly patience?: { readonly wait: number; readonly hold: number };
}

/** With growing waits from two seconds these take about ten minutes. */
export const maxAttempts = 9;

/** Resolves after a moment between two looks at whether the model is back. */
const aMoment = () => new Promise((resolve) => setTimeout(resolve, 250));

/** Rejects where the work should be tried again later. */
export function createRunOperation(needs: RunOperationNeeds): (operationId: string) => Promise<void> {
  const { operations, runTagging, ingestEvent, model, timeoutMs, onUnexpected } = needs;
  const { wait, hold } = needs.patience ?? { wait: 5, hold: 15 };

  const held = (operationId: string, why: string) => {
    const detail = `Held until the model answers: ${why}`;
    return operations.hold(operationId, { code: 'inference.unavailable', detail }, hold);
  };
  async function rested(): Promise<boolean> {
    const until = performance.now() + wait * 1000;
    while (model.resting() && performance.now() < until) await aMoment();
    return !model.resting();
  }

  function run(work: AcceptedWork, patient: boolean): Promise<{ readonly revision: number | null }> {
    const signal = AbortSignal.timeout(timeoutMs);
    if (work.kind === 'tagging') {
      const { operationId: causeId, request, sequence } = work.tagging;
      return runTagging(request, { sequence, call: null, patient, causeId }, signal);
    }
    const { operationId: causeId, source, event, sequence, receivedAt } = work.accepted;
    const moment = { at: event.at ?? receivedAt, sequence };
    return ingestEvent({ source, event, moment, causeId, patient }, signal);
  }

  return async (operationId) => {
    if (!(await rested())) {
      await held(operationId, model.away() ?? 'It is away.');
      return;
    }
    const begun = await operations.begin(operationId);
    if (!begun) return;
    const { work, attempts } = begun;
    // Begun and never ended, again and again: work that takes the process down with it must not do so for ever.
    if (attempts > maxAttempts) {
      const detail = `Given up after ${maxAttempts} attempts.`;
      await operations.end(operationId, { error: { code: 'service.internal', detail } });
      return;
    }
    try {
      const { revision } = await run(work, attempts < maxAttempts);
      await operations.end(operationId, { revision });
    } catch (error) {
      if (!(error instanceof HangtagError)) onUnexpected(error, operationId);
      const away = ofModel(error) ? model.away() : null;
      if (away !== null) {
        await held(operationId, away);
        return;
      }
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

function ofModel(error: unknown): boolean {
  return error instanceof HangtagError && error.code.startsWith('inference.');
}

/** A timeout counts as one: the signal's reason is not ours. */
function mayPass(error: unknown): boolean {
  return !(error instanceof HangtagError) || error.kind.retryable;
}

function faultOf(error: unknown): Fault {
  if (error instanceof HangtagError) return { code: error.code, detail: error.message };
  return { code: 'service.internal', detail: 'Something went wrong here.' };
}
