/** Accepted work that lives as long as the process: for commands that accept none, and for tests of use-cases. */
import type { AcceptedTagging, Job, Operation, Operations } from '../../application/ports-work.ts';

export function createMemoryOperations({
  clock,
  enqueue,
}: {
  readonly clock: () => string;
  readonly enqueue: (job: Job, afterSeconds?: number) => void;
}): Operations {
  const all = new Map<string, { operation: Operation; tagging: AcceptedTagging }>();
  const change = (id: string, changes: Partial<Operation>) => {
    const one = all.get(id);
    if (one) one.operation = { ...one.operation, ...changes, updatedAt: clock() };
  };
  return {
    async accept(tagging) {
      const { operationId: id, request } = tagging;
      const standing = { state: 'queued', revision: null, error: null, attempts: 0 } as const;
      const operation: Operation = {
        id,
        productId: request.productId,
        ...standing,
        createdAt: clock(),
        updatedAt: clock(),
      };
      all.set(id, { operation, tagging });
      enqueue({ source: 'requests', id });
      return operation;
    },
    find: async (id) => all.get(id)?.operation ?? null,
    async begin(id) {
      const one = all.get(id);
      if (!one || one.operation.state === 'done' || one.operation.state === 'failed') return null;
      const attempts = one.operation.attempts + 1;
      change(id, { state: 'running', attempts });
      return { work: { kind: 'tagging', tagging: one.tagging }, attempts };
    },
    async end(id, outcome) {
      change(
        id,
        'error' in outcome
          ? { state: 'failed', error: outcome.error, revision: null }
          : { state: 'done', error: null, revision: outcome.revision },
      );
    },
    async postpone(id, error) {
      change(id, { state: 'queued', error });
    },
    async hold(id, error, afterSeconds) {
      const { state, attempts } = all.get(id)?.operation ?? { state: 'done', attempts: 0 };
      if (state === 'done' || state === 'failed') return;
      change(id, { state: 'queued', error, attempts: attempts - (state === 'running' ? 1 : 0) });
      enqueue({ source: 'requests', id }, afterSeconds);
    },
  };
}
