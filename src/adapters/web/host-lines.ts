/** At most so many calls at a time to one host; the others stand in a line, which has an end. */
import { HangtagError } from '../../domain/errors.ts';

export interface HostLinesOptions {
  /** Calls to one host at a time. */
  readonly perHost: number;
  /** Calls that may wait for one host. */
  readonly waiting: number;
  /** Milliseconds that a call waits at most. */
  readonly waitMs: number;
}

export interface HostLines {
  /**
   * Runs `call` when it is its turn. Refuses with `image.fetch_unavailable` where the line is full or too slow; where the
   * signal ends the waiting, with its reason.
   */
  run<T>(host: string, signal: AbortSignal, call: () => Promise<T>): Promise<T>;
}

interface Line {
  busy: number;
  readonly waiting: Set<() => void>;
}

export function createHostLines({ perHost, waiting, waitMs }: HostLinesOptions): HostLines {
  const lines = new Map<string, Line>();

  function wait(line: Line, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
        line.waiting.delete(enter);
      };
      const enter = () => {
        done();
        resolve();
      };
      const leave = () => {
        done();
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        done();
        reject(busy());
      }, waitMs);
      signal.addEventListener('abort', leave, { once: true });
      line.waiting.add(enter);
    });
  }

  return {
    async run(host, signal, call) {
      signal.throwIfAborted();
      const line = lines.get(host) ?? { busy: 0, waiting: new Set() };
      lines.set(host, line);
      if (line.busy < perHost) line.busy++;
      // Who is called in takes the place of the one who leaves: `busy` stays.
      else if (line.waiting.size < waiting) await wait(line, signal);
      else throw busy();
      try {
        return await call();
      } finally {
        const [next] = line.waiting;
        if (next) next();
        else if (--line.busy === 0) lines.delete(host);
      }
    },
  };
}

function busy(): HangtagError {
  const detail = 'Too many images are being fetched from this host.';
  return new HangtagError('image.fetch_unavailable', detail, { retryAfter: 10 });
}
