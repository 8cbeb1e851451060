/** How late the event loop runs: what every other request waits, whoever caused it. */

export interface LagSource {
  /** Milliseconds by which a turn of the loop came late, on average over the last whole window. */
  lagMs(): number;
  close(): void;
}

const tickMs = 20;

/**
 * The mean, not the maximum: one long turn (a collection, a large JSON) among fifty short ones is no overload, while a
 * loop that is late at every turn is. `windowMs`: how long one measurement lasts, at least; the next one replaces it.
 *
 * Not `monitorEventLoopDelay`: after each `reset()` it leaves out the first interval, so that windows with one long turn
 * in them, the worst there are, come out empty.
 */
export function measureLag(windowMs = 1000): LagSource {
  let lag = 0;
  let last = performance.now();
  let window = { start: last, late: 0, ticks: 0 };
  const timer = setInterval(() => {
    const now = performance.now();
    window.late += Math.max(0, now - last - tickMs);
    window.ticks += 1;
    last = now;
    if (now - window.start < windowMs) return;
    lag = window.late / window.ticks;
    window = { start: now, late: 0, ticks: 0 };
  }, tickMs);
  timer.unref();
  return { lagMs: () => lag, close: () => clearInterval(timer) };
}
