/** Events that are told to others: their feed, who is told, and each telling. See `ports.ts` for the rest. */
import type { OutgoingType } from '../domain/events/outgoing.ts';

export interface FeedPage {
  /** The texts of the events, as they are sent. */
  readonly bodies: readonly string[];
  /** The position of the last of them, or where the page began. */
  readonly position: number;
}

/** Refuses with `store.unavailable`. */
export interface EventFeed {
  /**
   * Gives committed events their positions, and to every active subscription its deliveries. No position becomes visible after a higher
   * one. Resolves with how many events got theirs.
   */
  place(): Promise<number>;
  /** After this position, in order. Null: some that came after it are forgotten, or there was never such a position. */
  read(after: number | null, limit: number): Promise<FeedPage | null>;
}

export interface Subscription {
  /** A UUID. */
  readonly id: string;
  readonly url: string;
  readonly events: readonly OutgoingType[];
  /** Null: as fast as it answers. */
  readonly maxPerSecond: number | null;
  readonly state: 'active' | 'disabled';
  /** Why it is disabled; null while it is active. */
  readonly reason: string | null;
  /** In this state since: RFC 3339, UTC. */
  readonly since: string;
  readonly createdAt: string;
  /** Deliveries. */
  readonly waiting: number;
  readonly failed: number;
}

export interface NewSubscription {
  readonly id: string;
  readonly url: string;
  readonly events: readonly OutgoingType[];
  readonly maxPerSecond: number | null;
  readonly sealedSecret: Uint8Array;
}

/** One attempt, as it is remembered. */
export interface Attempt {
  /** RFC 3339, UTC. */
  readonly at: string;
  /** Of the answer; null where none came. */
  readonly status: number | null;
  /** Why it failed, in words; null where it did not. */
  readonly error: string | null;
  readonly ms: number;
  /** The beginning of the receiver's answer, as text. */
  readonly answer: string | null;
}

export interface Delivery {
  /** A UUID. */
  readonly id: string;
  readonly subscriptionId: string;
  readonly eventId: string;
  readonly type: OutgoingType;
  readonly state: 'waiting' | 'delivered' | 'failed';
  /** Oldest first; the last twenty. */
  readonly attempts: readonly Attempt[];
  /** When it is sent again; null where it is not. */
  readonly nextAt: string | null;
  readonly createdAt: string;
}

export interface DeliveryPlace {
  readonly position: number;
  readonly id: string;
}

export interface DeliveryQuery {
  readonly subscription: string | null;
  readonly state: Delivery['state'] | null;
  readonly limit: number;
  readonly after: DeliveryPlace | null;
}

/** A delivery that one sender, and nobody else, may now make. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly ticket: string;
  readonly eventId: string;
  readonly body: string;
  /** Attempts that failed since it began, or was begun anew. */
  readonly tried: number;
}

export interface Claim {
  readonly subscriptionId: string;
  readonly url: string;
  readonly sealedSecret: Uint8Array;
  readonly deliveries: readonly ClaimedDelivery[];
}

/** What became of an attempt. `again`: seconds until the next; `rest`: seconds for which the receiver is asked for. */
export type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'again'; readonly after: number; readonly rest: number }
  /** The attempts are used up. `sustained`: why the subscription is disabled if nothing succeeded since this one began. */
  | { readonly kind: 'failed'; readonly sustained: string }
  /** The receiver wants no more, ever. */
  | { readonly kind: 'gone'; readonly reason: string };

/** Refuses with `store.unavailable`. */
export interface Subscriptions {
  /** At most `most` in all; false where there are so many already. */
  add(subscription: NewSubscription, most: number): Promise<boolean>;
  find(id: string): Promise<Subscription | null>;
  /** Oldest first. */
  list(): Promise<readonly Subscription[]>;
  /** With its deliveries. An unknown one is no fault. */
  remove(id: string): Promise<void>;
  /** What waits is due now, with all its attempts ahead. False: there is none. */
  enable(id: string): Promise<boolean>;
  sealedSecret(id: string): Promise<Uint8Array | null>;
  /** Any one, to see whether the key fits; null where there is none. */
  anySealed(): Promise<{ readonly id: string; readonly sealedSecret: Uint8Array } | null>;
}

/** Refuses with `store.unavailable`. */
export interface Deliveries {
  /** Newest first. */
  list(query: DeliveryQuery): Promise<readonly (Delivery & DeliveryPlace)[]>;
  /** Due now, with all its attempts ahead, whatever its state. False: there is none. */
  retry(id: string): Promise<boolean>;
  /** Active subscriptions that something waits for, and in how many milliseconds it may be sent; 0: now. */
  due(): Promise<readonly { readonly subscriptionId: string; readonly inMs: number }[]>;
  /** Oldest first, `limit` at most, as many as its pace allows: the caller's for `leaseMs` milliseconds. Null: nothing just now. */
  claim(subscriptionId: string, limit: number, leaseMs: number): Promise<Claim | null>;
  /** Writes an attempt down, unless somebody else holds the delivery by now. True where it disabled the subscription. */
  settle(
    subscriptionId: string,
    claimed: ClaimedDelivery,
    attempt: Attempt,
    outcome: Outcome,
  ): Promise<boolean>;
  /** Gives it back as if it had not been claimed, to be due again after so many seconds. */
  release(claimed: ClaimedDelivery, afterSeconds: number): Promise<void>;
  /** Of active subscriptions. */
  waiting(): Promise<number>;
}

/** All that is kept of outgoing events. */
export interface OutgoingBooks {
  readonly feed: EventFeed;
  readonly subscriptions: Subscriptions;
  readonly deliveries: Deliveries;
  /** Called whenever this process may have committed events. */
  onAnnounced(listener: () => void): void;
}

/** Keeps secrets unreadable to whoever has only the database. Refuses with `secrets.unavailable`. */
export interface SecretBox {
  /** `owner`: whose secret it is; it opens for nobody else. */
  seal(secret: string, owner: string): Promise<Uint8Array>;
  open(sealed: Uint8Array, owner: string): Promise<string>;
}

/** What a receiver made of it. */
export interface Posted {
  /** Null where no answer came. */
  readonly status: number | null;
  /** In words, for the subscriber's eyes; null for 2xx. */
  readonly error: string | null;
  readonly ms: number;
  /** The beginning of the answer's body, as text. */
  readonly answer: string | null;
  /** Seconds that it asked for. */
  readonly retryAfter: number | null;
}

/** Sends events to addresses that somebody else chose. */
export interface Poster {
  /** Why nothing may be sent there, as far as the text says; null where it may. */
  refusal(url: string): string | null;
  /** One attempt; what goes wrong is its outcome. */
  post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Posted>;
}
