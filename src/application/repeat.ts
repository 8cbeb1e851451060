/** Work done again and again in the background, one run at a time, for as long as the process has other things to do. */

export interface RepeatOptions {
  /** Milliseconds until the first run, and from the end of one to the beginning of the next (give or take a tenth). */
  readonly firstMs: number;
  readonly everyMs: number;
  /** A run that failed; the next one comes sooner: after `soonestAgainMs`, doubled at each failure in a row. */
  readonly failed: (error: unknown) => void;
}

/** Milliseconds. */
const soonestAgainMs = 10_000;

/** Stops: no run begins any more, the one in work is told by its signal, and the promise waits for its end. */
export type Stop = () => Promise<void>;

export function repeat(work: (signal: AbortSignal) => Promise<unknown>, options: RepeatOptions): Stop {
  const { firstMs, everyMs, failed } = options;
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let timer: ReturnType<typeof setTimeout>;
  let failures = 0;

  const plan = (ms: number) => {
    // Several processes that start together drift apart.
    timer = setTimeout(run, ms * (0.9 + 0.2 * Math.random()));
    timer.unref();
  };
  const run = () => {
    running = work(stopping.signal)
      .then(
        () => {
          failures = 0;
        },
        (error: unknown) => {
          failures++;
          failed(error);
        },
      )
      .then(() => {
        if (stopping.signal.aborted) return;
        plan(failures === 0 ? everyMs : Math.min(everyMs, soonestAgainMs * 2 ** (failures - 1)));
      });
  };
  plan(firstMs);

  return async () => {
    stopping.abort();
    clearTimeout(timer);
    await running;
  };
}
