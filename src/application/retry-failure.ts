/** Work that failed is taken up again: durable, in its old place, its attempts counted anew. */
import type { Failures } from './ports-failures.ts';
import type { WorkQueue } from './ports-work.ts';
import type { Services } from './tag-request.ts';

export function createRetryFailure({
  failures,
  queue,
}: {
  readonly failures: Failures;
  readonly queue: WorkQueue;
}): Services['retryFailure'] {
  return async (id) => {
    const operation = await failures.retry(id);
    queue.notify();
    return operation;
  };
}
