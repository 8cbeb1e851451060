/** Tags a product now: takes its place in the order of inputs, and answers a repeated call as it was answered before. */
import type { ContentHash, Store } from './ports.ts';
import { type AskOnce, contentOf } from './repeatable-calls.ts';
import type { RunTagging } from './run-tagging.ts';
import type { Services } from './tag-request.ts';

export interface TagProductNeeds {
  readonly runTagging: RunTagging;
  readonly askOnce: AskOnce;
  readonly store: Store;
  readonly hash: ContentHash;
}

export function createTagProduct({
  runTagging,
  askOnce,
  store,
  hash,
}: TagProductNeeds): Services['tagProduct'] {
  return async (request, signal, call = null) => {
    // Nothing is written, so there is nothing to repeat.
    if (!request.store) return runTagging(request, { sequence: null, call: null }, signal);
    if (!call) return runTagging(request, { sequence: await store.nextSequence(), call: null }, signal);
    const content = contentOf(request, `tag ${call.answer}`, hash);
    return askOnce({ ...call, content }, signal, {
      async answer(answered) {
        return runTagging(request, { sequence: await store.nextSequence(), call: answered }, signal);
      },
      again: async ({ tagSet }) => tagSet,
    });
  };
}
