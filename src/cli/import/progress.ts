/** How far an import is: one line redrawn on a terminal, else a plain line every few seconds. */

export interface Count {
  readonly total: number;
  /** Unchanged since an earlier run: neither sent nor counted in the rate. */
  readonly skipped: number;
  readonly tagged: number;
  readonly failed: number;
}

export interface Screen {
  readonly isTerminal: boolean;
  write(text: string): void;
}

export interface Progress {
  show(count: Count): void;
  /** The last state, and the line ended. */
  end(count: Count): void;
}

/** `now`: milliseconds. */
export function createProgress(screen: Screen, now: () => number = Date.now): Progress {
  const started = now();
  return createBar<Count>(
    screen,
    (count) => ({
      share: count.total === 0 ? 1 : (count.skipped + count.tagged + count.failed) / count.total,
      text: describeCount(count, (now() - started) / 1000),
    }),
    now,
  );
}

/** For anything that has a share done (null: unknown) and something to say. */
export function createBar<T>(
  screen: Screen,
  describe: (state: T) => { readonly share: number | null; readonly text: string },
  now: () => number = Date.now,
): { show(state: T): void; end(state: T): void } {
  const every = screen.isTerminal ? 100 : 5000;
  let shown = now();
  const draw = (state: T) => {
    const { share, text } = describe(state);
    const line = share === null ? text : `${bar(share)} ${text}`;
    screen.write(screen.isTerminal ? `\r${line}\x1b[K` : `${text}\n`);
    shown = now();
  };
  return {
    show(state) {
      if (now() - shown >= every) draw(state);
    },
    end(state) {
      draw(state);
      if (screen.isTerminal) screen.write('\n');
    },
  };
}

export function describeCount({ total, skipped, tagged, failed }: Count, seconds: number): string {
  const worked = tagged + failed;
  const left = total - skipped - worked;
  const rate = seconds > 0 ? worked / seconds : 0;
  const parts = [`${skipped + worked}/${total}`, `${rate.toFixed(1)}/s`];
  if (left > 0 && rate > 0) parts.push(`eta ${duration(left / rate)}`);
  if (failed > 0) parts.push(`${failed} failed`);
  return parts.join('  ');
}

function bar(share: number): string {
  const width = 24;
  const full = Math.floor(Math.min(1, share) * width);
  return `[${'='.repeat(full)}${' '.repeat(width - full)}]`;
}

/** `1h 4m`, `3m 20s`, `12s`. */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  return `${Math.floor(whole / 3600)}h ${Math.floor((whole % 3600) / 60)}m`;
}
