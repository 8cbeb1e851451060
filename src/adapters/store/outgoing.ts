/** All that the store keeps of outgoing events, and who is told when there may be new ones. */
import type { Kysely } from 'kysely';
import type { OutgoingBooks } from '../../application/ports-outgoing.ts';
import { createSqlDeliveries } from './deliveries.ts';
import { createSqlEventFeed } from './event-feed.ts';
import { createSqlSubscriptions } from './subscriptions.ts';
import type { Tables } from './tables.ts';

/** Wraps a call, as `createSqlStore` does: refused once the store is closing. */
type Guard = <A extends unknown[], T>(call: (...args: A) => Promise<T>) => (...args: A) => Promise<T>;

export function createSqlOutgoing(db: Kysely<Tables>, guarded: Guard): Omit<OutgoingBooks, 'onAnnounced'> {
  const feed = createSqlEventFeed(db);
  const subscriptions = createSqlSubscriptions(db);
  const deliveries = createSqlDeliveries(db);
  return {
    feed: { place: guarded(feed.place), read: guarded(feed.read) },
    subscriptions: {
      add: guarded(subscriptions.add),
      find: guarded(subscriptions.find),
      list: guarded(subscriptions.list),
      remove: guarded(subscriptions.remove),
      enable: guarded(subscriptions.enable),
      sealedSecret: guarded(subscriptions.sealedSecret),
      anySealed: guarded(subscriptions.anySealed),
    },
    deliveries: {
      list: guarded(deliveries.list),
      retry: guarded(deliveries.retry),
      due: guarded(deliveries.due),
      claim: guarded(deliveries.claim),
      settle: guarded(deliveries.settle),
      release: guarded(deliveries.release),
      waiting: guarded(deliveries.waiting),
    },
  };
}

export interface Bell {
  listen(listener: () => void): void;
  /** The same call; listeners hear when it is done. */
  after<A extends unknown[], T>(call: (...args: A) => Promise<T>): (...args: A) => Promise<T>;
}

/** Calls that may have committed events ring it: looking for events costs little, finding them late costs more. */
export function createBell(): Bell {
  const listeners: (() => void)[] = [];
  return {
    listen: (listener) => void listeners.push(listener),
    after:
      (call) =>
      async (...args) => {
        const done = await call(...args);
        for (const listener of listeners) listener();
        return done;
      },
  };
}
