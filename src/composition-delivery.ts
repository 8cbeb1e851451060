/** What tells others of events: the feed, subscriptions, and the loop that delivers. */
import { randomBytes, randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Meter } from './adapters/metrics/meter.ts';
import { keyFromFile } from './adapters/secrets/key-file.ts';
import { createSecretBox } from './adapters/secrets/secret-box.ts';
import { createStandardSigner } from './adapters/signatures/standard-webhooks.ts';
import { createPoster } from './adapters/web/deliver.ts';
import { createDeliverEvents, type Delivering } from './application/deliver-events.ts';
import { createManageSubscriptions } from './application/manage-subscriptions.ts';
import type { OutgoingBooks } from './application/ports-outgoing.ts';
import { createReadChanges } from './application/read-changes.ts';
import type { OutgoingServices } from './application/tag-request.ts';
import type { Config } from './config.ts';
import { HangtagError } from './domain/errors.ts';

export interface Outgoing {
  readonly services: OutgoingServices;
  /** Why stored secrets cannot be read, for `/readyz`; null while they can. */
  secretsFault(): Promise<string | null>;
  /** Delivers in this process, until it is stopped. Once. */
  startDelivering(): Delivering;
  close(): Promise<void>;
}

const clock = () => new Date().toISOString();
/** Bytes of a new secret. */
const secretLength = 32;

export function openOutgoing(config: Config, log: Logger, meter: Meter, books: OutgoingBooks): Outgoing {
  const { feed, subscriptions, deliveries } = books;
  const given = config.SECRETS_KEY;
  const box = createSecretBox(async () => given ?? keyFromFile(path.join(config.dataDir, 'secrets.key')));
  const poster = createPoster({ allowOrigins: config.FETCH_ALLOW_ORIGINS ?? [] });
  const signer = (secret: string) => createStandardSigner([secret]);
  let delivering: Delivering | null = null;
  const wake = () => delivering?.wake();
  const start = createDeliverEvents({
    feed,
    deliveries,
    box,
    poster,
    signer,
    clock,
    log,
    watch: meter.delivery,
  });
  books.onAnnounced(wake);
  meter.deliveriesWaiting(() => deliveries.waiting());
  return {
    services: {
      readChanges: createReadChanges({ feed }),
      ...createManageSubscriptions({
        subscriptions,
        deliveries,
        box,
        poster,
        signer,
        newSecret: () => `whsec_${randomBytes(secretLength).toString('base64')}`,
        newId: randomUUID,
        clock,
        wake,
      }),
    },
    async secretsFault() {
      try {
        const sealed = await subscriptions.anySealed();
        if (sealed) await box.open(sealed.sealedSecret, sealed.id);
        return null;
      } catch (error) {
        // Of a store that is away another check says so.
        return error instanceof HangtagError && error.code === 'secrets.unavailable' ? error.message : null;
      }
    },
    startDelivering() {
      delivering ??= start();
      return delivering;
    },
    close: () => poster.close(),
  };
}
