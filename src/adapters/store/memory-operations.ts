/** Accepted work that lives as long as the process: for commands that accept none, and for tests of use-cases. */
import type { Failures } from '../../application/ports-failures.ts';
import type { AcceptedTagging, Job, Operation, Operations } from '../../application/ports-work.ts';
import { notFailed, operationNotFound } from '../../domain/operations.ts';

export function createMemoryOperations({
  clock,
  enqueue,
}: {
  readonly clock: () => string;
  readonly enqueue: (job: Job, afterSeconds?: number) => void;
}): Operations & { readonly failures: Failures } {
  const all = new Map<string, { operation: Operation; tagging: AcceptedTagging }>();
  const change = (id: string, changes: Partial<Operation>) => {
    const one = all.get(id);
    if (one) one.operation = { ...one.operation, ...changes, updatedAt: clock() };
  };
  const failed = () =>
    [...all.values()]
      .filter(({ operation }) => operation.state === 'failed')
      .map(({ operation }) => ({ operation, key: Date.parse(operation.updatedAt) * 1000 }))
      .sort((a, b) => b.key - a.key || (a.operation.id < b.operation.id ? 1 : -1));

  const failures: Failures = {
    async list(limit, after) {
      const rest = failed().filter(
        ({ key, operation: { id } }) =>
          after === null || key < after.key || (key === after.key && id < after.id),
      );
      const last = rest.length > limit ? rest[limit - 1] : undefined;
      return {
        items: rest.slice(0, limit).map(({ operation }) => ({
          id: operation.id,
          source: 'requests',
          productId: operation.productId,
          error: operation.error!,
          attempts: operation.attempts,
          createdAt: operation.createdAt,
          failedAt: operation.updatedAt,
        })),
        next: last ? { key: last.key, id: last.operation.id } : null,
      };
    },
    async retry(id) {
      const one = all.get(id);
      if (!one) throw operationNotFound();
      if (one.operation.state !== 'failed') throw notFailed(one.operation.state);
      change(id, { state: 'queued', error: null, attempts: 0 });
      enqueue({ source: 'requests', id });
      return one.operation;
    },
    async count() {
      const { length } = failed();
      return new Map(length > 0 ? [['requests', length]] : []);
    },
  };

  return {
    failures,
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
