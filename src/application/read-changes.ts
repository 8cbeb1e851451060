/** The feed of events for those who catch up. */
import { HangtagError } from '../domain/errors.ts';
import type { EventFeed, FeedPage } from './ports-outgoing.ts';

/** After this position, null for the oldest that is kept. Raises `changes.expired`. */
export type ReadChanges = (after: number | null, limit: number) => Promise<FeedPage>;

export function createReadChanges({ feed }: { readonly feed: EventFeed }): ReadChanges {
  return async (after, limit) => {
    // What was committed before the question is in the answer.
    await feed.place();
    const page = await feed.read(after, limit);
    if (page) return page;
    const detail = 'Changes are kept for 30 days; read what stands anew, then go on from a new cursor.';
    throw new HangtagError('changes.expired', detail);
  };
}
