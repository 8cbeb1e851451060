/**
 * Calls that their callers may send again. In this process the second of two waits for the first; between processes
 * the store decides, in the transaction that answers.
 */
import { HangtagError } from '../domain/errors.ts';
import { keyConflict } from '../domain/idempotency.ts';
import { isReference } from '../domain/image-reference.ts';
import type { ContentHash, Store, StoredAnswer } from './ports.ts';
import type { AnsweredCall, TagRequest } from './ports-work.ts';

export interface Answering<T> {
  /** Answers the call and has it remembered. */
  answer(call: AnsweredCall): Promise<T>;
  /** The answer as it was given before; null where it is gone. */
  again(stored: StoredAnswer): Promise<T | null>;
}

/** Raises `idempotency.conflict` where the key was used for other content, `request.cancelled` where `signal` fires. */
export type AskOnce = <T>(call: AnsweredCall, signal: AbortSignal, how: Answering<T>) => Promise<T>;

export function createAskOnce({ store }: { readonly store: Store }): AskOnce {
  const inFlight = new Map<string, { readonly content: string; readonly done: Promise<unknown> }>();

  return async (call, signal, how) => {
    const id = JSON.stringify([call.scope, call.key]);
    for (let first = inFlight.get(id); first; first = inFlight.get(id)) {
      if (first.content !== call.content) throw keyConflict();
      await Promise.race([first.done, aborted(signal)]);
    }
    const work = (async () => {
      const stored = await store.findAnswer(call.scope, call.key);
      if (stored && stored.content !== call.content) throw keyConflict();
      return (stored && (await how.again(stored))) ?? how.answer(call);
    })();
    // Whoever waits looks for itself afterwards: a first that failed answers nobody.
    const done = work
      .catch(() => {})
      .finally(() => {
        inFlight.delete(id);
      });
    inFlight.set(id, { content: call.content, done });
    return work;
  };
}

/** What makes two calls the same: pictures by hash, words and options; not the bytes of the body. */
export function contentOf(request: TagRequest, answer: string, hash: ContentHash): string {
  const images = request.images.map(({ content, view, variant, ref }) => [
    content instanceof HangtagError ? content.code : isReference(content) ? content : hash(content),
    view,
    variant,
    ref,
  ]);
  const { productId, category, title, attributes, explain } = request;
  const all = [productId, images, category, title, attributes, explain, answer];
  return hash(new TextEncoder().encode(JSON.stringify(all)));
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
}
