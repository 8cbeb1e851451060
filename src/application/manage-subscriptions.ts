/** Who is told of events, and how the telling fares. */
import { HangtagError } from '../domain/errors.ts';
import type { OutgoingType } from '../domain/events/outgoing.ts';
import type { Clock } from './ports.ts';
import type { SignEvent } from './ports-events.ts';
import type {
  Deliveries,
  Delivery,
  DeliveryPlace,
  DeliveryQuery,
  Posted,
  Poster,
  SecretBox,
  Subscription,
  Subscriptions,
} from './ports-outgoing.ts';
import { sendEvent } from './send-event.ts';

export interface SubscriptionWish {
  readonly url: string;
  readonly events: readonly OutgoingType[];
  readonly maxPerSecond: number | null;
}

export type Ping = Omit<Posted, 'retryAfter'> & { readonly eventId: string };

export interface SubscriptionServices {
  /** The secret is in this answer and in no other. Raises `subscription.refused`, `secrets.unavailable`. */
  subscribe(wish: SubscriptionWish): Promise<Subscription & { readonly secret: string }>;
  listSubscriptions(): Promise<readonly Subscription[]>;
  /** Resolves also for one that nobody knows. */
  unsubscribe(id: string): Promise<void>;
  /** Raises `subscription.not_found`, as the next two do. */
  enableSubscription(id: string): Promise<Subscription>;
  /** Sends an event that is in no feed, and says what the receiver made of it. Raises `secrets.unavailable`. */
  pingSubscription(id: string): Promise<Ping>;
  listDeliveries(query: DeliveryQuery): Promise<{
    readonly items: readonly Delivery[];
    readonly next: DeliveryPlace | null;
  }>;
  /** Raises `delivery.not_found`. */
  retryDelivery(id: string): Promise<void>;
}

export interface ManageSubscriptionsNeeds {
  readonly subscriptions: Subscriptions;
  readonly deliveries: Deliveries;
  readonly box: SecretBox;
  readonly poster: Poster;
  /** Of one secret, `whsec_…`. */
  readonly signer: (secret: string) => SignEvent;
  readonly newSecret: () => string;
  readonly newId: () => string;
  readonly clock: Clock;
  /** Something may be due now. */
  readonly wake: () => void;
}

/** Each is asked for what is due, and has some calls open at a time. */
const most = 100;

export function createManageSubscriptions(needs: ManageSubscriptionsNeeds): SubscriptionServices {
  const { subscriptions, deliveries, box, poster, signer, newSecret, newId, clock, wake } = needs;

  async function found(id: string): Promise<Subscription> {
    const subscription = await subscriptions.find(id);
    if (subscription) return subscription;
    throw unknown();
  }

  return {
    async subscribe({ url, events, maxPerSecond }) {
      const why = poster.refusal(url);
      if (why !== null) throw refused(`Events are not sent to this URL: ${why}.`);
      const id = newId();
      const secret = newSecret();
      const other = await subscriptions.anySealed();
      // A second key beside the one that the others are sealed with would only be noticed when it is too late.
      if (other) await box.open(other.sealedSecret, other.id);
      const sealedSecret = await box.seal(secret, id);
      const wanted = { id, url, events: [...new Set(events)], maxPerSecond, sealedSecret };
      if (!(await subscriptions.add(wanted, most)))
        throw refused(`There are ${most} subscriptions already: remove one first.`);
      return { ...(await found(id)), secret };
    },
    listSubscriptions: () => subscriptions.list(),
    unsubscribe: (id) => subscriptions.remove(id),
    async enableSubscription(id) {
      if (!(await subscriptions.enable(id))) throw unknown();
      wake();
      return found(id);
    },
    async pingSubscription(id) {
      const { url } = await found(id);
      const sealed = await subscriptions.sealedSecret(id);
      if (!sealed) throw unknown();
      const sign = signer(await box.open(sealed, id));
      const eventId = newId();
      const at = clock();
      const body = JSON.stringify({ id: eventId, type: 'ping', timestamp: at, data: { subscriptionId: id } });
      const { status, error, ms, answer } = await sendEvent({ poster, sign }, { url, eventId, at, body });
      return { eventId, status, error, ms, answer };
    },
    async listDeliveries(query) {
      const rows = await deliveries.list({ ...query, limit: query.limit + 1 });
      const items = rows.slice(0, query.limit);
      const end = items.at(-1);
      const next = rows.length > items.length && end ? { position: end.position, id: end.id } : null;
      return { items: items.map(({ position: _, ...delivery }) => delivery), next };
    },
    async retryDelivery(id) {
      if (!(await deliveries.retry(id)))
        throw new HangtagError('delivery.not_found', 'There is no delivery with this id.');
      wake();
    },
  };
}

function unknown(): HangtagError {
  return new HangtagError('subscription.not_found', 'There is no subscription with this id.');
}

function refused(detail: string): HangtagError {
  return new HangtagError('subscription.refused', detail);
}
