/** Events that shops send: who may send them, how they are taken on and worked in, and what is forgotten of them in time. */
import { createHash, randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Meter } from './adapters/metrics/meter.ts';
import { createBodyVerifier, shopifyHeaders, wooHeaders } from './adapters/signatures/body-signature.ts';
import { createStandardVerifier } from './adapters/signatures/standard-webhooks.ts';
import type { CatalogProducts, ReceivedEvents } from './application/ports-catalog.ts';
import type { VerifySignature } from './application/ports-events.ts';
import type { WorkQueue } from './application/ports-work.ts';
import { createReceiveEvent, type Sender } from './application/receive-event.ts';
import type { RemoveOriginals } from './application/remove-originals.ts';
import { repeat, type Stop } from './application/repeat.ts';
import { createRestoreProduct } from './application/restore-product.ts';
import type { Services } from './application/tag-request.ts';
import type { Config } from './config.ts';
import { HangtagError } from './domain/errors.ts';
import type { Taxonomy } from './domain/taxonomy/types.ts';

export interface EventNeeds {
  /** The active one. */
  readonly taxonomy: () => Taxonomy;
  readonly catalog: CatalogProducts;
  readonly received: ReceivedEvents;
  readonly queue: WorkQueue;
  readonly meter: Meter;
}

type EventServices = Pick<Services, 'receiveEvent' | 'receives' | 'restoreProduct'>;

export function openEvents(config: Config, needs: EventNeeds): EventServices {
  const { taxonomy, catalog, received, queue, meter } = needs;
  const verifiers = verifiersOf(config);
  const clock = () => new Date().toISOString();
  return {
    receives: (sender) => verifiers[sender] !== null,
    receiveEvent: createReceiveEvent({
      taxonomy,
      received,
      queue,
      verifiers,
      merchantFields: {
        shopify: config.MERCHANT_FIELDS_SHOPIFY,
        woocommerce: config.MERCHANT_FIELDS_WOOCOMMERCE,
      },
      count: meter.event,
      hash: (bytes) => createHash('sha256').update(bytes).digest('hex'),
      clock,
      newId: randomUUID,
    }),
    restoreProduct: createRestoreProduct({ catalog, clock }),
  };
}

/** null: nobody may send from there. */
function verifiersOf(config: Config): Readonly<Record<Sender, VerifySignature | null>> {
  const {
    WEBHOOK_SECRET_CATALOG: catalog,
    WEBHOOK_SECRET_SHOPIFY: shopify,
    WEBHOOK_SECRET_WOOCOMMERCE: woocommerce,
  } = config;
  return {
    catalog: catalog ? createStandardVerifier(catalog, Date.now) : null,
    shopify: shopify ? createBodyVerifier(shopifyHeaders, shopify) : null,
    woocommerce: woocommerce ? createBodyVerifier(wooHeaders, woocommerce) : null,
  };
}

/** For commands, which receive none. */
export const noEvents: ReceivedEvents = {
  accept: async () => {
    throw new HangtagError('feature.unsupported', 'A command receives no events.');
  },
  forget: async () => 0,
};

/** Withdrawn products at once: each is a transaction of its own. */
const forgottenAtOnce = 50;

/** What is kept for a time only. Gives what stops it. */
export function forgetInTime(
  { RETAIN_EVENT_DAYS: days }: Config,
  { catalog, received }: Pick<EventNeeds, 'catalog' | 'received'>,
  removeOriginals: RemoveOriginals,
  log: Logger,
): readonly Stop[] {
  const failed = (err: unknown) => log.warn({ err }, 'forgetting what is over failed; it is tried again');
  const hourly = { everyMs: 3_600_000, failed };
  return [
    repeat(() => received.forget(days), { firstMs: 60_000, ...hourly }),
    repeat(
      async (signal) => {
        for (let gone = forgottenAtOnce; gone === forgottenAtOnce && !signal.aborted; ) {
          const forgotten = await catalog.forgetWithdrawn(forgottenAtOnce);
          gone = forgotten.length;
          // Marked by now: what is not removed here goes with a later sweep.
          await removeOriginals(forgotten.flat(), signal).catch(failed);
          if (gone > 0) log.info({ products: gone }, 'forgot products that were withdrawn long ago');
        }
      },
      { firstMs: 90_000, ...hourly },
    ),
  ];
}
