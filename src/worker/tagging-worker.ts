/** Has accepted work done, a few pieces at once, beside whatever else the process does: each source by its own handler. */
import type { HandleJob, WorkQueue } from '../application/ports-work.ts';

export interface Worker {
  /** Begins nothing more and lets what is in work finish, for `timeoutMs` at most. */
  stop(timeoutMs: number): Promise<void>;
}

export interface WorkHandlers {
  /** Does an operation: what was asked of tagging, or an event. */
  readonly operation: (operationId: string) => Promise<void>;
  /** Does some lines of an import, and ends early where it can once the process stops. */
  readonly import?: (importId: string, stopping: AbortSignal) => Promise<void>;
}

export interface WorkerNeeds {
  readonly queue: WorkQueue;
  readonly handlers: WorkHandlers;
  /** Pieces at once: live requests share the model and the store with them. */
  readonly concurrency: number;
  /** Callers wait for answers of this process just now. */
  readonly busy?: () => boolean;
  /** Shows this worker to others until it ends; absent where there are no others. */
  readonly live?: (() => Promise<() => Promise<void>>) | undefined;
}

export async function startWorker(needs: WorkerNeeds): Promise<Worker> {
  const { queue, handlers, concurrency, busy, live } = needs;
  const handle: HandleJob = async ({ source, id }, stopping) => {
    if (source !== 'imports') return handlers.operation(id);
    if (!handlers.import) throw new Error('nobody does imports here');
    return handlers.import(id, stopping);
  };
  // Known first: what an unknown worker has begun is put back.
  const leave = await live?.();
  await queue.work(handle, concurrency, busy);
  return {
    async stop(timeoutMs) {
      await queue.stop(timeoutMs);
      await leave?.();
    },
  };
}
