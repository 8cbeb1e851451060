/** A work queue that lives as long as the process. What fails comes again after a growing pause. */
import type { Job, WorkQueue, WorkSource } from '../../application/ports-work.ts';
import { createLanes } from './lanes.ts';

interface Waiting {
  readonly job: Job;
  readonly failures: number;
}

/** Milliseconds. */
const timing = { pollMs: 60_000, mostMs: 600_000, firstPause: 50, longestPause: 60_000 };

export function createMemoryQueue(): {
  readonly queue: WorkQueue;
  readonly enqueue: (job: Job, afterSeconds?: number) => void;
} {
  const waiting = new Map<WorkSource, Waiting[]>();
  const held = new Set<NodeJS.Timeout>();

  function add(one: Waiting): void {
    const jobs = waiting.get(one.job.source) ?? [];
    jobs.push(one);
    waiting.set(one.job.source, jobs);
    lanes.notify();
  }
  function later(one: Waiting, ms: number): void {
    const timer = setTimeout(() => {
      held.delete(timer);
      add(one);
    }, ms);
    // What lives as long as the process does not keep it alive.
    timer.unref();
    held.add(timer);
  }
  const count = () => [...waiting.values()].reduce((sum, jobs) => sum + jobs.length, 0);

  const lanes = createLanes({
    ready: async () => [...waiting.keys()].filter((source) => waiting.get(source)!.length > 0),
    async take(source) {
      const one = waiting.get(source)?.shift();
      if (!one) return null;
      const { job, failures } = one;
      const pause = Math.min(timing.longestPause, timing.firstPause * 2 ** failures);
      return {
        job,
        done: async () => {},
        failed: async () => later({ job, failures: failures + 1 }, pause),
      };
    },
    pollMs: timing.pollMs,
    mostMs: timing.mostMs,
    log: { warn: () => {} },
  });

  return {
    queue: {
      ...lanes,
      depth: async () => count() + held.size,
      async stop(timeoutMs) {
        for (const timer of held) clearTimeout(timer);
        await lanes.stop(timeoutMs);
      },
    },
    enqueue: (job, afterSeconds = 0) =>
      afterSeconds > 0 ? later({ job, failures: 0 }, afterSeconds * 1000) : add({ job, failures: 0 }),
  };
}
