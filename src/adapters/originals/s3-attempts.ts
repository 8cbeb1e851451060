/**
 * Patience with S3: every attempt has a deadline, all of them together have one, and between them is a growing, random
 * pause. This is the only place that retries; the SDK is told not to, because two owners of retries multiply.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { S3Fault, timedOut, toFault } from './s3-fault.ts';

export interface Patience {
  readonly attempts: number;
  /** Milliseconds for one attempt, from the first byte sent to the last one read. */
  readonly attemptMs: number;
  /** Milliseconds for everything, pauses included. */
  readonly totalMs: number;
  /** Milliseconds: the pause after the first attempt is between nothing and this, then twice that, and so on. */
  readonly pauseMs: number;
}

/** 20 MiB in 10 s want 17 Mbit/s. */
export const patient: Patience = { attempts: 4, attemptMs: 10_000, totalMs: 25_000, pauseMs: 200 };

const longestPauseMs = 3_000;
/** S3 asks for less: pauses are this much longer. */
const throttledFactor = 4;

/** The result, or the last attempt's fault. Never pends longer than `totalMs`, whatever `call` does with its signal. */
export async function persist<T>(
  { attempts, attemptMs, totalMs, pauseMs }: Patience,
  operation: string,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = performance.now() + totalMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await within(Math.min(attemptMs, end - performance.now()), operation, call);
    } catch (error) {
      const fault = toFault(operation, error);
      if (!(fault instanceof S3Fault) || !fault.passing || attempt >= attempts) throw fault;
      const longest = Math.min(longestPauseMs, pauseMs * 2 ** (attempt - 1));
      const wait = Math.random() * longest * (fault.throttled ? throttledFactor : 1);
      if (performance.now() + wait >= end) throw fault;
      await pause(wait);
    }
  }
}

async function within<T>(
  ms: number,
  operation: string,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const aborter = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const fault = timedOut(operation, ms);
      reject(fault);
      aborter.abort(fault);
    }, ms);
  });
  try {
    return await Promise.race([call(aborter.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
