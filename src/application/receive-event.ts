/**
 * What a shop sends, verified, read and accepted: durable once it is answered, and worked later. Nothing of it needs the model. Before
 * the signature is known to be good, nothing of the body is looked at.
 */
import { HangtagError } from '../domain/errors.ts';
import { readCatalogEvent } from '../domain/events/catalog-body.ts';
import type { CatalogEvent } from '../domain/events/catalog-event.ts';
import { readMerchantFields } from '../domain/events/merchant-fields.ts';
import { readShopifyEvent, type ShopReading } from '../domain/events/shopify-product.ts';
import { readWooEvent } from '../domain/events/woocommerce-product.ts';
import { resolveCategory } from '../domain/taxonomy/resolve-category.ts';
import type { Taxonomy } from '../domain/taxonomy/types.ts';
import { groupArrivals } from './group-arrivals.ts';
import type { Clock, ContentHash } from './ports.ts';
import type { CountEvent, ReceivedEvents } from './ports-catalog.ts';
import type { SignedHeaders, Verdict, VerifySignature } from './ports-events.ts';
import type { AcceptedEvent, WorkQueue } from './ports-work.ts';

export type Sender = AcceptedEvent['source'];

export interface EventReceipt {
  /** Of the operation; null where there is nothing to do. */
  readonly eventId: string | null;
  readonly status: 'accepted' | 'duplicate' | 'ignored';
}

/**
 * Raises `request.not_found` where nobody sends from there, `webhook.signature_invalid`, `event.malformed`, `event.topic_mismatch`,
 * `store.unavailable`.
 */
export type ReceiveEvent = (
  sender: Sender,
  headers: SignedHeaders,
  body: Uint8Array,
) => Promise<EventReceipt>;

export interface ReceiveEventNeeds {
  /** The active one. */
  readonly taxonomy: () => Taxonomy;
  readonly received: ReceivedEvents;
  readonly queue: Pick<WorkQueue, 'notify'>;
  /** null: no secret is set for it. */
  readonly verifiers: Readonly<Record<Sender, VerifySignature | null>>;
  /** Which fields of theirs are the merchant's word, as the settings write them. */
  readonly merchantFields: Readonly<Record<'shopify' | 'woocommerce', string>>;
  readonly count: CountEvent;
  readonly hash: ContentHash;
  readonly clock: Clock;
  /** A new UUID at each call. */
  readonly newId: () => string;
}

export function createReceiveEvent(needs: ReceiveEventNeeds): ReceiveEvent {
  const { taxonomy, received, queue, verifiers, merchantFields, count, hash, clock, newId } = needs;
  const accept = groupArrivals({ take: received.accept });
  const reading = (fields: string): ShopReading => ({
    fields: readMerchantFields(fields),
    knowsCategory: (text) => resolveCategory(taxonomy(), text) !== null,
  });
  const shopify = reading(merchantFields.shopify);
  const woocommerce = reading(merchantFields.woocommerce);

  function read(sender: Sender, headers: SignedHeaders, body: Uint8Array): CatalogEvent | null {
    const json = parsed(body);
    if (sender === 'catalog') return readCatalogEvent(json);
    if (sender === 'shopify') return readShopifyEvent(one(headers['x-shopify-topic']), json, shopify);
    const host = hostOf(one(headers['x-wc-webhook-source']));
    return readWooEvent(one(headers['x-wc-webhook-topic']), host, json, woocommerce);
  }

  async function receive(sender: Sender, headers: SignedHeaders, body: Uint8Array): Promise<EventReceipt> {
    const verify = verifiers[sender];
    if (!verify) throw unset(sender);
    const verdict = verify(headers, body);
    if (!verdict.valid) throw refused(verdict.why);
    const event = read(sender, headers, body);
    if (!event) return { eventId: null, status: 'ignored' };
    const now = clock();
    const { operationId, status } = await accept({
      operationId: newId(),
      source: sender,
      // WooCommerce numbers its deliveries by the second: two products changed in one have the same.
      eventId: sender === 'woocommerce' ? null : short(verdict.eventId),
      bodyHash: hash(body),
      // Nobody speaks from the future: what a clock ahead of ours said would outlive everything said after it.
      event: event.at !== null && event.at > now ? { ...event, at: now } : event,
    });
    queue.notify();
    return { eventId: operationId, status };
  }

  return async (sender, headers, body) => {
    try {
      const receipt = await receive(sender, headers, body);
      count(sender, receipt.status);
      return receipt;
    } catch (error) {
      if (error instanceof HangtagError && error.kind.fault === 'caller') count(sender, 'refused');
      throw error;
    }
  };
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new HangtagError('event.malformed', 'The body is not JSON in UTF-8.');
  }
}

function one(value: SignedHeaders[string]): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Of a header that its sender does not sign: what is no id is none. */
function short(id: string | null): string | null {
  return id !== null && /^[\x21-\x7e]{1,256}$/.test(id) ? id : null;
}

/** Of the site's address, with its port where that is not the usual one. */
function hostOf(address: string | null): string | null {
  if (address === null || !URL.canParse(address)) return null;
  const { host, protocol } = new URL(address);
  return /^https?:$/.test(protocol) && host !== '' && host.length <= 200 ? host : null;
}

const settings: Readonly<Record<Sender, string>> = {
  catalog: 'WEBHOOK_SECRET_CATALOG',
  shopify: 'WEBHOOK_SECRET_SHOPIFY',
  woocommerce: 'WEBHOOK_SECRET_WOOCOMMERCE',
};

function unset(sender: Sender): HangtagError {
  return new HangtagError('request.not_found', `Nothing is received here: ${settings[sender]} is not set.`);
}

/** Says no more than whoever knows the secret may need: what is wrong with a signature would help a forger. */
function refused(why: (Verdict & { readonly valid: false })['why']): HangtagError {
  const detail =
    why === 'stale'
      ? 'The event was signed more than five minutes ago, or ahead of time: check the sender’s clock.'
      : 'The event is not signed with a secret that is known here.';
  return new HangtagError('webhook.signature_invalid', detail);
}
