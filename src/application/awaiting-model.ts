/**
 * A model that may not be there yet: its endpoint is being deployed, or is scaled to zero. The service runs without it,
 * reads and accepts work, and says what it waits for; what needs the model is refused with `inference.unavailable`
 * until it is there. Nothing is tried again that a person must put right.
 */
import { HangtagError } from '../domain/errors.ts';

export interface Awaited<T> {
  /** What the model gives once it is there. Raises `inference.unavailable`, or what stands in its way for good. */
  now(): T;
  /** Resolves when the model is there; rejects where it never will be. */
  readonly ready: Promise<T>;
  /** Why it is not there yet, in plain words; null once it is. */
  reason(): string | null;
  /** Tries no more. */
  stop(): void;
}

export interface AwaitModelNeeds<T> {
  /** Rejects with a retryable HangtagError while the model is away; with anything else where waiting cannot help. */
  readonly open: (signal: AbortSignal) => Promise<T>;
  /** Milliseconds before the next try, by the number of tries so far. */
  readonly wait: (tries: number, signal: AbortSignal) => Promise<void>;
  readonly onWaiting?: (reason: string, tries: number) => void;
}

export function awaitModel<T>({ open, wait, onWaiting }: AwaitModelNeeds<T>): Awaited<T> {
  const stopping = new AbortController();
  let state: { readonly value: T } | { readonly fault: unknown; readonly final: boolean } = {
    fault: new HangtagError('inference.unavailable', 'The model is being opened.'),
    final: false,
  };

  const ready = (async () => {
    for (let tries = 1; ; tries++) {
      try {
        const value = await open(stopping.signal);
        state = { value };
        return value;
      } catch (error) {
        const passing = error instanceof HangtagError && error.kind.retryable && !stopping.signal.aborted;
        state = { fault: error, final: !passing };
        if (!passing) throw error;
        onWaiting?.(error.message, tries);
        await wait(tries, stopping.signal);
      }
    }
  })();
  // Whoever wants to know asks `ready` or `now`.
  ready.catch(() => {});

  return {
    ready,
    now() {
      if ('value' in state) return state.value;
      if (state.final) throw state.fault;
      const detail = `The model is not available yet: ${messageOf(state.fault)} Nothing was stored.`;
      throw new HangtagError('inference.unavailable', detail, { cause: state.fault, retryAfter: 10 });
    },
    reason: () => ('value' in state ? null : messageOf(state.fault)),
    stop: () => stopping.abort(new HangtagError('inference.unavailable', 'The service is stopping.')),
  };
}

function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : 'failed';
}
