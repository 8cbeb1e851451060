/**
 * What a container refuses inside an answer of 200: said in the service's own words, and asked again where the container
 * says that this may help.
 */
import { HangtagError } from '../../../domain/errors.ts';
import { Refused, type WireFault } from './embedding-wire.ts';
import type { Verdict } from './faults.ts';
import type { CallLimits, Runtime } from './runtime.ts';

/**
 * The first result of `ask`, which is told what is left of `deadlineMs`. Refuses with the last fault once it will not
 * pass, or tries, budget or time are used up: see `Runtime.pause`.
 */
export async function untilDone<T>(
  runtime: Runtime,
  deadlineMs: number,
  signal: AbortSignal | undefined,
  ask: (limits: CallLimits) => Promise<T | Refused>,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  const left = (): CallLimits => ({
    deadlineMs: Math.max(1, deadline - performance.now()),
    ...(signal ? { signal } : {}),
  });
  for (let attempt = 1; ; attempt++) {
    const result = await ask(left());
    if (!(result instanceof Refused)) return result;
    const verdict = verdictOf(result.fault);
    if (!(await runtime.pause(attempt, verdict, left()))) throw verdict.error;
  }
}

/** Its words are kept, for they name no secret and help whoever reads the log. */
function verdictOf({ code, message, retry }: WireFault): Verdict {
  const error = new HangtagError(
    'inference.unavailable',
    `The endpoint refused with ${code}; nothing was stored.`,
    { cause: new Error(message), retryAfter: retry ? 1 : 30 },
  );
  const chance = !retry ? 'never' : code === 'inference.overloaded' ? 'later' : 'again';
  return { chance, error };
}
