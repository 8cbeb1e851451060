import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { repeat } from '../../src/application/repeat.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Milliseconds from now until `work` has run once more, to the next 100 ms. */
async function untilNext(work: { readonly mock: { readonly calls: readonly unknown[] } }): Promise<number> {
  const before = work.mock.calls.length;
  let waited = 0;
  for (; work.mock.calls.length === before; waited += 100) await vi.advanceTimersByTimeAsync(100);
  return waited;
}

test('a run that failed comes again sooner, later with every failure, and at the old pace once it succeeds', async () => {
  const failed = vi.fn();
  const work = vi.fn(async (_signal: AbortSignal) => {
    if (work.mock.calls.length <= 3) throw new Error('away');
  });
  const stop = repeat(work, { firstMs: 1000, everyMs: 300_000, failed });
  const waits: number[] = [];
  for (let run = 1; run <= 5; run++) waits.push(await untilNext(work));
  for (const [index, ms] of [1000, 10_000, 20_000, 40_000, 300_000].entries()) {
    expect(waits[index]).toBeGreaterThanOrEqual(ms * 0.9);
    expect(waits[index]).toBeLessThanOrEqual(ms * 1.1 + 100);
  }
  expect(failed).toHaveBeenCalledTimes(3);
  await stop();
});

test('no wait after a failure is longer than the pace', async () => {
  const work = vi.fn(async (_signal: AbortSignal) => Promise.reject(new Error('away')));
  const stop = repeat(work, { firstMs: 0, everyMs: 15_000, failed: () => {} });
  const waits: number[] = [];
  for (let run = 1; run <= 8; run++) waits.push(await untilNext(work));
  expect(Math.max(...waits)).toBeLessThanOrEqual(16_600);
  await stop();
});

test('stopping tells the run in work, waits for it, and plans no other', async () => {
  let told = false;
  const work = vi.fn(
    (signal: AbortSignal) =>
      new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => {
          told = true;
          resolve();
        }),
      ),
  );
  const stop = repeat(work, { firstMs: 10, everyMs: 10, failed: () => {} });
  await vi.advanceTimersByTimeAsync(20);
  expect(work).toHaveBeenCalledTimes(1);
  await stop();
  expect(told).toBe(true);
  await vi.advanceTimersByTimeAsync(1000);
  expect(work).toHaveBeenCalledTimes(1);
});
