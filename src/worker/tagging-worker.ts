/** Claims accepted work and has it done, a few pieces at once, beside whatever else the process does. */
import type { Job, WorkQueue } from '../application/ports-work.ts';

export interface Worker {
  /** Begins nothing more and lets what is in work finish, for `timeoutMs` at most. */
  stop(timeoutMs: number): Promise<void>;
}

export interface WorkerNeeds {
  readonly queue: WorkQueue;
  readonly runOperation: (operationId: string) => Promise<void>;
  readonly runImport: (importId: string) => Promise<void>;
  /** Pieces at once: live requests share the model and the store with them. */
  readonly concurrency: number;
}

export async function startWorker({
  queue,
  runOperation,
  runImport,
  concurrency,
}: WorkerNeeds): Promise<Worker> {
  const run = ({ source, id }: Job) => (source === 'imports' ? runImport(id) : runOperation(id));
  await queue.work(run, concurrency);
  return { stop: (timeoutMs) => queue.stop(timeoutMs) };
}
