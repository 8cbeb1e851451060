/** Work done again and again in the background, one run at a time, for as long as the process has other things to do. */

export interface RepeatOptions {
  /** Milliseconds until the first run, and from the end of one to the beginning of the next (give or take a tenth). */
  readonly firstMs: number;
  readonly everyMs: number;
  /** A run that failed; the next one comes all the same. */
  readonly failed: (error: unknown) => void;
}

/** Stops: no run begins any more, the one in work is told by its signal, and the promise waits for its end. */
export type Stop = () => Promise<void>;

export function repeat(work: (signal: AbortSignal) => Promise<unknown>, options: RepeatOptions): Stop {
  const { firstMs, everyMs, failed } = options;
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let timer: ReturnType<typeof setTimeout>;

  const plan = (ms: number) => {
    // Several processes that start together drift apart.
    timer = setTimeout(run, ms * (0.9 + 0.2 * Math.random()));
    timer.unref();
  };
  const run = () => {
    running = work(stopping.signal)
      .then(() => {}, failed)
      .then(() => {
        if (!stopping.signal.aborted) plan(everyMs);
      });
  };
  plan(firstMs);

  return async () => {
    stopping.abort();
    clearTimeout(timer);
    await running;
  };
}
