/**
 * The one place where calls to the endpoint are tried again: full jitter, a deadline for all tries together, and a
 * budget shared by all calls, so that an endpoint in trouble is not buried under repetitions. After the token bucket of
 * the AWS SDKs' standard mode: every retry costs, every success pays a little back.
 */
import type { HangtagError } from '../../../domain/errors.ts';
import type { Chance, Verdict } from './faults.ts';

export interface RetryOptions {
  /** Tries in all. */
  readonly attempts: number;
  /** Milliseconds before the first retry, at most; doubled for each next one. `later` waits ten times as long. */
  readonly baseMs: number;
  readonly longestMs: number;
  /** Retries that may be had at once. */
  readonly budget: number;
}

export const usualRetries: RetryOptions = { attempts: 4, baseMs: 50, longestMs: 4000, budget: 50 };

export interface RetryTools {
  now(): number;
  /** 0 to 1. */
  random(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  judge(error: unknown): Verdict;
  onRetry?(chance: Chance, error: HangtagError): void;
}

export interface Retrying {
  /** The calls' last fault is thrown, judged. */
  run<T>(call: () => Promise<T>, deadline: number, signal: AbortSignal): Promise<T>;
  /**
   * The wait between try number `attempt`, counted from 1, and the next one. false: there shall be none. A wait that
   * would end after `deadline` (as `now` counts) is not begun.
   */
  pause(attempt: number, fault: Verdict, deadline: number, signal: AbortSignal): Promise<boolean>;
}

export function createRetrying(options: RetryOptions, tools: RetryTools): Retrying {
  let tokens = options.budget;

  const pause: Retrying['pause'] = async (attempt, { chance, error }, deadline, signal) => {
    const factor = chance === 'later' ? 10 : 1;
    const ceiling = Math.min(options.longestMs, options.baseMs * factor * 2 ** (attempt - 1));
    const wait = ceiling * tools.random();
    const hopeless = chance === 'never' || attempt >= options.attempts || tokens < 1;
    if (hopeless || signal.aborted || tools.now() + wait >= deadline) return false;
    tokens -= 1;
    await tools.sleep(wait, signal);
    if (signal.aborted) return false;
    tools.onRetry?.(chance, error);
    return true;
  };

  return {
    pause,
    async run(call, deadline, signal) {
      for (let attempt = 1; ; attempt++) {
        try {
          const result = await call();
          tokens = Math.min(options.budget, tokens + 0.1);
          return result;
        } catch (raised) {
          const fault = tools.judge(raised);
          if (!(await pause(attempt, fault, deadline, signal))) throw fault.error;
        }
      }
    },
  };
}
