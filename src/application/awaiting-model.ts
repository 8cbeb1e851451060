/**
 * A model that may not be there yet: its endpoint is being deployed, is scaled to zero, or has another model since. The
 * service runs without it, reads and accepts work, and says what it waits for; what needs the model is refused with
 * `inference.unavailable` until it is there. Nothing is tried again that a person must put right.
 */
import { HangtagError } from '../domain/errors.ts';

export interface Awaited<T> {
  /** What the model gives once it is there. Raises `inference.unavailable`. */
  now(): T;
  /** Resolves when the model is there; rejects where it never will be. */
  ready(): Promise<T>;
  /** Why it is not there yet, in plain words; null once it is. */
  reason(): string | null;
  /** Nothing is tried any more: a person has something to put right. */
  over(): boolean;
  /** What was opened does no longer hold, or what kept it from opening was put right: it is opened anew. Does nothing while that is under way. */
  again(why?: string): void;
  /** In the place of what is open: calls in work keep what they began with. Does nothing while it is not open. */
  replace(value: T): void;
  /** Tries no more. */
  stop(): void;
}

export interface AwaitModelNeeds<T> {
  /**
   * Rejects with a retryable HangtagError while the model is away; with anything else where waiting cannot help.
   * `say`: how far it is, in a sentence.
   */
  readonly open: (signal: AbortSignal, say: (progress: string) => void) => Promise<T>;
  /** Milliseconds before the next try, by the number of tries so far. */
  readonly wait: (tries: number, signal: AbortSignal) => Promise<void>;
  /** false: the first failure is the last one, for commands that nobody wants to wait for. */
  readonly patient?: boolean;
  readonly onWaiting?: (reason: string, tries: number) => void;
}

type State<T> = { readonly value: T } | { readonly fault: unknown; readonly final: boolean };

export function awaitModel<T>({ open, wait, patient = true, onWaiting }: AwaitModelNeeds<T>): Awaited<T> {
  const stopping = new AbortController();
  let state: State<T>;
  let ready: Promise<T>;

  async function opened(): Promise<T> {
    for (let tries = 1; ; tries++) {
      let opening = true;
      try {
        const value = await open(stopping.signal, (progress) => {
          // What is said later is no news of the opening: captions go on being encoded.
          if (opening) state = { fault: new HangtagError('inference.unavailable', progress), final: false };
        });
        opening = false;
        state = { value };
        return value;
      } catch (error) {
        opening = false;
        const passing =
          patient && error instanceof HangtagError && error.kind.retryable && !stopping.signal.aborted;
        state = { fault: error, final: !passing };
        if (!passing) throw error;
        onWaiting?.(error.message, tries);
        await wait(tries, stopping.signal);
      }
    }
  }
  const begin = (why: string) => {
    state = { fault: new HangtagError('inference.unavailable', why), final: false };
    const beginning = opened();
    // Whoever wants to know asks `ready` or `now`.
    beginning.catch(() => {});
    return beginning;
  };
  state = { fault: null, final: false };
  ready = begin('The model is being opened.');

  return {
    ready: () => ready,
    now() {
      if ('value' in state) return state.value;
      if (state.final && state.fault instanceof HangtagError) throw state.fault;
      // What it is that somebody must put right stands in the log: it may name files.
      const detail = state.final
        ? 'The model cannot be used: the service’s log says why. Nothing was stored.'
        : `The model is not available yet: ${messageOf(state.fault)} Nothing was stored.`;
      throw new HangtagError('inference.unavailable', detail, { cause: state.fault, retryAfter: 10 });
    },
    reason: () => ('value' in state ? null : messageOf(state.fault)),
    over: () => 'final' in state && state.final,
    again(why = 'The model changed and is opened anew.') {
      if (('value' in state || state.final) && !stopping.signal.aborted) ready = begin(why);
    },
    replace(value) {
      if (!('value' in state)) return;
      state = { value };
      ready = Promise.resolve(value);
    },
    stop: () => stopping.abort(new HangtagError('inference.unavailable', 'The service is stopping.')),
  };
}

/**
 * What is made of a model, made anew for each that is opened. A call keeps the one that it began with, so that nothing
 * of two models is ever mixed.
 */
export function perModel<T extends object, U>(
  model: Pick<Awaited<T>, 'now'>,
  make: (opened: T) => U,
): () => U {
  let last: { readonly opened: T; readonly made: U } | null = null;
  return () => {
    const opened = model.now();
    if (last?.opened !== opened) last = { opened, made: make(opened) };
    return last.made;
  };
}

function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : 'failed';
}
