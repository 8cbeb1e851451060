/** Takes a tagging on for later: checked as far as it can be without looking at pictures, then durable. */
import { HangtagError } from '../domain/errors.ts';
import type { ContentHash, Store } from './ports.ts';
import type { AnsweredCall, Operations, WorkQueue } from './ports-work.ts';
import { type AskOnce, contentOf } from './repeatable-calls.ts';
import { allFailed } from './run-tagging.ts';
import type { Services } from './tag-request.ts';

export interface AcceptTaggingNeeds {
  readonly operations: Operations;
  readonly queue: WorkQueue;
  readonly store: Store;
  readonly askOnce: AskOnce;
  readonly hash: ContentHash;
  /** A new UUID at each call. */
  readonly newId: () => string;
}

export function createAcceptTagging(needs: AcceptTaggingNeeds): Services['acceptTagging'] {
  const { operations, queue, store, askOnce, hash, newId } = needs;

  return async (request, signal, call = null) => {
    const faults = request.images.flatMap(({ content }) =>
      content instanceof HangtagError ? [content] : [],
    );
    if (faults.length === request.images.length) throw allFailed(faults);
    const accept = async (answered: AnsweredCall | null) => {
      const sequence = await store.nextSequence();
      const operation = await operations.accept({ operationId: newId(), request, sequence, call: answered });
      queue.notify();
      return operation;
    };
    if (!call) return accept(null);
    const content = contentOf(request, `accept ${call.answer}`, hash);
    return askOnce({ ...call, content }, signal, {
      answer: accept,
      again: async ({ operationId }) => (operationId ? operations.find(operationId) : null),
    });
  };
}
