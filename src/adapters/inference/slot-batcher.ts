/**
 * Slot batching: while a slot is free, send at once; while all are busy, collect, and send what has gathered as soon
 * as one frees. No timer: no latency when idle, and batches grow by themselves under load.
 * Waiting is bounded in items and bytes; beyond that `service.overloaded`, never a queue without end.
 */
import type { QueueWatch } from '../../application/ports.ts';
import { HangtagError } from '../../domain/errors.ts';

export interface BatcherLimits {
  /** Batches in work at the same time: the parallel capacity behind `run`. */
  readonly slots: number;
  /** Items in one batch, at most. */
  readonly maxBatch: number;
  /** Items waiting, at most. */
  readonly maxWaiting: number;
  /** Bytes waiting, at most. */
  readonly maxWaitingBytes: number;
  /** Milliseconds from submission to result, at most. */
  readonly deadlineMs: number;
}

interface Waiting<I, O> {
  readonly item: I;
  readonly bytes: number;
  resolve(result: O): void;
  reject(error: unknown): void;
  /** Set once nobody waits for it any more: skipped if not yet sent. */
  done: boolean;
}

export interface Batcher<I, O> {
  /** `ms`: milliseconds to the result at most, where they are fewer than the limits'. */
  submit(item: I, bytes: number, signal?: AbortSignal, ms?: number): Promise<O>;
  /** Items waiting and batches in work. */
  depth(): { readonly waiting: number; readonly running: number };
  /** Refuses everything that waits. */
  close(): void;
}

export function createBatcher<I, O>(
  limits: BatcherLimits,
  run: (items: readonly I[]) => Promise<readonly O[]>,
  watch?: QueueWatch,
): Batcher<I, O> {
  let queue: Waiting<I, O>[] = [];
  let waitingBytes = 0;
  let running = 0;
  let closed = false;

  function drop(entry: Waiting<I, O>): void {
    if (queue.includes(entry)) {
      queue = queue.filter((other) => other !== entry);
      waitingBytes -= entry.bytes;
      watch?.waiting(queue.length);
    }
  }

  function pump(): void {
    while (running < limits.slots && queue.length > 0) {
      const batch = queue.slice(0, limits.maxBatch);
      queue = queue.slice(batch.length);
      for (const entry of batch) waitingBytes -= entry.bytes;
      running++;
      watch?.running(running);
      watch?.sent(batch.length);
      run(batch.map((entry) => entry.item))
        .then(
          (results) => {
            for (const [index, entry] of batch.entries()) entry.resolve(results[index]!);
          },
          (error) => {
            for (const entry of batch) entry.reject(error);
          },
        )
        // A turn later: whoever was answered just now and comes again at once shares the next batch.
        .finally(() =>
          setImmediate(() => {
            running--;
            watch?.running(running);
            pump();
          }),
        );
    }
    watch?.waiting(queue.length);
  }

  return {
    submit(item, bytes, signal, ms = limits.deadlineMs) {
      if (closed) return Promise.reject(unavailable());
      if (queue.length >= limits.maxWaiting || waitingBytes + bytes > limits.maxWaitingBytes) {
        const detail = 'More images are waiting for the model than it can work off soon.';
        return Promise.reject(new HangtagError('service.overloaded', detail, { retryAfter: 1 }));
      }
      return new Promise<O>((resolve, reject) => {
        const settle = (act: () => void) => {
          if (entry.done) return;
          entry.done = true;
          clearTimeout(timer);
          signal?.removeEventListener('abort', abort);
          drop(entry);
          act();
        };
        const entry: Waiting<I, O> = {
          item,
          bytes,
          done: false,
          resolve: (result) => settle(() => resolve(result)),
          reject: (error) => settle(() => reject(error)),
        };
        const abort = () =>
          entry.reject(
            new HangtagError('request.cancelled', 'The request was given up.', { cause: signal?.reason }),
          );
        const timer = setTimeout(() => entry.reject(late(limits.deadlineMs)), ms);
        if (signal?.aborted) return abort();
        signal?.addEventListener('abort', abort, { once: true });
        queue.push(entry);
        waitingBytes += bytes;
        pump();
      });
    },
    depth: () => ({ waiting: queue.length, running }),
    close() {
      closed = true;
      for (const entry of [...queue]) entry.reject(unavailable());
    },
  };
}

function unavailable(): HangtagError {
  return new HangtagError('inference.unavailable', 'The model is shutting down.', { retryAfter: 5 });
}

function late(ms: number): HangtagError {
  return new HangtagError(
    'inference.timeout',
    `The model gave no answer within ${ms} ms; nothing was stored.`,
    {
      retryAfter: 1,
    },
  );
}
