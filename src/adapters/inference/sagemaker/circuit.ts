/**
 * Stops asking an endpoint that keeps failing: callers are told at once, with the time after which asking makes sense,
 * and a single call at a time finds out whether it is back.
 */
import { HangtagError } from '../../../domain/errors.ts';

export interface CircuitOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Milliseconds it stays open the first time; doubled while probes fail. */
  readonly openMs: number;
  readonly longestMs: number;
}

export const usualCircuit: CircuitOptions = { failures: 5, openMs: 5000, longestMs: 60_000 };

export type CircuitState = 'closed' | 'open' | 'half-open';

export interface Circuit {
  /** Raises `inference.unavailable` without a call while open, or while another call probes. */
  run<T>(call: () => Promise<T>): Promise<T>;
  state(): CircuitState;
}

export function createCircuit(
  options: CircuitOptions,
  now: () => number,
  onChange?: (state: CircuitState) => void,
): Circuit {
  let failures = 0;
  let openedFor = 0;
  let openUntil = 0;
  let probing = false;
  let told: CircuitState = 'closed';

  const state = (): CircuitState => {
    if (openedFor === 0) return 'closed';
    return now() < openUntil ? 'open' : 'half-open';
  };
  const tell = () => {
    const current = state();
    if (current !== told) onChange?.(current);
    told = current;
  };
  const open = () => {
    openedFor = openedFor === 0 ? options.openMs : Math.min(options.longestMs, openedFor * 2);
    openUntil = now() + openedFor;
  };

  return {
    state,
    async run(call) {
      const before = state();
      tell();
      if (before === 'open' || (before === 'half-open' && probing)) {
        const retryAfter = Math.max(1, Math.ceil((openUntil - now()) / 1000));
        throw new HangtagError(
          'inference.unavailable',
          'The model’s endpoint keeps failing and is left alone for a moment; nothing was stored.',
          { retryAfter },
        );
      }
      probing = before === 'half-open';
      try {
        const result = await call();
        failures = 0;
        openedFor = 0;
        return result;
      } catch (error) {
        if (speaksOfEndpoint(error)) {
          failures += 1;
          // Calls that were under way when it opened say nothing new.
          if (before === 'half-open' || (openedFor === 0 && failures >= options.failures)) open();
        }
        throw error;
      } finally {
        if (before === 'half-open') probing = false;
        tell();
      }
    },
  };
}

/** A caller who went away says nothing about the endpoint. */
function speaksOfEndpoint(error: unknown): boolean {
  return error instanceof HangtagError && error.code !== 'request.cancelled';
}
