/** What shops say: events as they come in, and what is kept of them for each product. See `ports.ts` for the rest. */
import type { CatalogEvent, EventSource } from '../domain/events/catalog-event.ts';
import type { CatalogState, Moment } from '../domain/events/catalog-state.ts';
import type { InputOrder } from '../domain/tagging/input-order.ts';
import type { TagSet } from '../domain/tagging/types.ts';
import type { AcceptedEvent } from './ports-work.ts';

/** A verified event, not yet accepted. */
export interface IncomingEvent {
  /** Of the operation that it becomes. */
  readonly operationId: string;
  readonly source: AcceptedEvent['source'];
  /** What its sender calls it, the same when it is sent again; null where that says nothing. */
  readonly eventId: string | null;
  /** sha256 of the body, hex. */
  readonly bodyHash: string;
  readonly event: CatalogEvent;
}

export interface Receipt {
  /** Of the first operation, for a duplicate. */
  readonly operationId: string;
  readonly status: 'accepted' | 'duplicate';
}

/** Refuses with `store.unavailable`. */
export interface ReceivedEvents {
  /**
   * Each event with its operation and its job, durable once resolved, in one transaction. An event whose id or whose body came before is
   * a duplicate and leaves nothing behind. But a body that says no time of its own is a new event where another one of its product was
   * accepted since: deleted, made again, and deleted again.
   */
  accept(events: readonly IncomingEvent[]): Promise<readonly Receipt[]>;
  /** Forgets what was received that many days ago. Gives how many they were. */
  forget(days: number): Promise<number>;
}

/** A product as its shop and its callers have left it. */
export interface CatalogView {
  readonly state: CatalogState;
  /** Counts what changed `state`. */
  readonly version: number;
  /** null where there is none, or where it is withdrawn. */
  readonly tagSet: TagSet | null;
  readonly withdrawn: TagSet | null;
  readonly inputs: InputOrder;
}

export interface CatalogStatement {
  readonly productId: string;
  readonly source: EventSource;
  readonly event: CatalogEvent;
  readonly moment: Moment;
}

/** What shops said of products. Refuses with `store.unavailable`. */
export interface CatalogProducts {
  /** The TagSet that stood at that time, RFC 3339 in UTC. */
  tagsAt(productId: string, at: string): Promise<TagSet | null>;
  /** Folds the event into what was said before. Null, and nothing is kept, where the product was forgotten since it was said. */
  fold(statement: CatalogStatement): Promise<CatalogView | null>;
  /** Null where no shop ever said anything of it, or where it was forgotten. */
  find(productId: string): Promise<CatalogView | null>;
  /**
   * Out of sight, as it is. Throws `CatalogMoved` where the state's version is another by now, or where a newer request came.
   */
  withdraw(productId: string, version: number): Promise<void>;
  /** Back in sight, as it was. `at`: RFC 3339. Null where there is nothing to restore. */
  restore(productId: string, at: string): Promise<TagSet | null>;
  /** Forgets a few of the products that were withdrawn too long ago to be restored: pictures that nobody mentions any more, by product. */
  forgetWithdrawn(limit: number): Promise<readonly (readonly string[])[]>;
}

/** Days for which a withdrawn product can be restored. */
export const restorableDays = 30;

/** Told of each event that came in. */
export type EventOutcome = 'accepted' | 'duplicate' | 'ignored' | 'refused';
export type CountEvent = (source: AcceptedEvent['source'], outcome: EventOutcome) => void;
