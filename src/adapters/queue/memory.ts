/** A work queue that lives as long as the process. What fails comes again at once. */
import type { Job, WorkQueue } from '../../application/ports-work.ts';

export function createMemoryQueue(): {
  readonly queue: WorkQueue;
  readonly enqueue: (job: Job, afterSeconds?: number) => void;
} {
  const waiting: Job[] = [];
  const running = new Set<Promise<void>>();
  const held = new Set<NodeJS.Timeout>();
  let handle: ((job: Job) => Promise<void>) | null = null;
  let lanes = 0;

  function next(): void {
    while (handle && running.size < lanes && waiting.length > 0) {
      const job = waiting.shift()!;
      const work: Promise<void> = handle(job)
        .catch(() => {
          waiting.push(job);
        })
        .finally(() => {
          running.delete(work);
          // Not at once: a job that always fails must not keep everybody else from running.
          setImmediate(next);
        });
      running.add(work);
    }
  }
  return {
    queue: {
      async work(given, concurrency) {
        handle = given;
        lanes += concurrency;
        next();
      },
      notify: next,
      depth: async () => waiting.length + held.size,
      async stop() {
        handle = null;
        for (const timer of held) clearTimeout(timer);
        await Promise.all(running);
      },
    },
    enqueue(job, afterSeconds = 0) {
      const timer = setTimeout(() => {
        held.delete(timer);
        waiting.push(job);
        next();
      }, afterSeconds * 1000);
      held.add(timer);
    },
  };
}
