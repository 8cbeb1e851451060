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

export type Retrying = <T>(call: () => Promise<T>, deadline: number, signal: AbortSignal) => Promise<T>;

/** The calls' last fault is thrown, judged. A wait that would end after `deadline` (as `now` counts) is not begun. */
export function createRetrying(options: RetryOptions, tools: RetryTools): Retrying {
  let tokens = options.budget;

  return async (call, deadline, signal) => {
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await call();
        tokens = Math.min(options.budget, tokens + 0.1);
        return result;
      } catch (raised) {
        const { chance, error } = tools.judge(raised);
        const factor = chance === 'later' ? 10 : 1;
        const ceiling = Math.min(options.longestMs, options.baseMs * factor * 2 ** (attempt - 1));
        const wait = ceiling * tools.random();
        const hopeless = chance === 'never' || attempt >= options.attempts || tokens < 1;
        if (hopeless || signal.aborted || tools.now() + wait >= deadline) throw error;
        tokens -= 1;
        tools.onRetry?.(chance, error);
        await tools.sleep(wait, signal);
      }
    }
  };
}
