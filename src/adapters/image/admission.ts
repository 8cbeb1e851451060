/**
 * Who may decode now. A decode costs by pixels and codec, so a place has a weight; whoever finds no place waits in
 * order, and the wait is bounded in pictures and bytes: beyond it `service.overloaded`, never a queue without end.
 */
import type { QueueWatch } from '../../application/ports.ts';
import { HangtagError } from '../../domain/errors.ts';

export interface AdmissionLimits {
  /** Weight in work at the same time: the number of cores. */
  readonly capacity: number;
  /** Pictures waiting, at most. */
  readonly maxWaiting: number;
  /** Their bytes together, at most. */
  readonly maxWaitingBytes: number;
  readonly watch?: QueueWatch;
}

export interface Admission {
  /**
   * Runs `work` when there is room for `weight` (more than the capacity counts as the capacity).
   * Refuses with `service.overloaded`, or `request.cancelled` when `signal` fires before `work` began.
   */
  run<T>(weight: number, bytes: number, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T>;
}

interface Waiting {
  readonly weight: number;
  readonly bytes: number;
  enter(): void;
}

export function createAdmission({
  capacity,
  maxWaiting,
  maxWaitingBytes,
  watch,
}: AdmissionLimits): Admission {
  let queue: Waiting[] = [];
  let waitingBytes = 0;
  let busy = 0;

  function take(weight: number): void {
    busy += weight;
    watch?.running(busy);
  }

  function leaveQueue(entry: Waiting): void {
    queue = queue.filter((other) => other !== entry);
    waitingBytes -= entry.bytes;
    watch?.waiting(queue.length);
  }

  /** In order: a heavy one at the head is never overtaken, so it cannot starve. */
  function pump(): void {
    for (let next = queue[0]; next && busy + next.weight <= capacity; next = queue[0]) {
      take(next.weight);
      leaveQueue(next);
      next.enter();
    }
  }

  function enter(weight: number, bytes: number, signal: AbortSignal | undefined): Promise<void> {
    if (queue.length === 0 && busy + weight <= capacity) {
      take(weight);
      return Promise.resolve();
    }
    if (queue.length >= maxWaiting || waitingBytes + bytes > maxWaitingBytes) {
      throw new HangtagError('service.overloaded', 'Too many images wait to be decoded.', { retryAfter: 1 });
    }
    return new Promise((resolve, reject) => {
      const cancel = () => {
        leaveQueue(entry);
        reject(cancelled(signal));
        pump();
      };
      const entry: Waiting = {
        weight,
        bytes,
        enter() {
          signal?.removeEventListener('abort', cancel);
          resolve();
        },
      };
      signal?.addEventListener('abort', cancel, { once: true });
      queue.push(entry);
      waitingBytes += bytes;
      watch?.waiting(queue.length);
    });
  }

  return {
    async run(asked, bytes, signal, work) {
      if (signal?.aborted) throw cancelled(signal);
      const weight = Math.min(asked, capacity);
      await enter(weight, bytes, signal);
      try {
        return await work();
      } finally {
        take(-weight);
        pump();
      }
    },
  };
}

function cancelled(signal: AbortSignal | undefined): HangtagError {
  if (signal?.reason instanceof HangtagError) return signal.reason;
  return new HangtagError('request.cancelled', 'The request was given up before the image was decoded.', {
    cause: signal?.reason,
  });
}
