/**
 * Tells subscribers. Any number of processes do this side by side: a delivery is claimed for a while, sent, and what became of it is
 * written down; a sender that dies in between is followed by another, with the same id and the same text. Each subscription has lanes of
 * its own, so that a slow receiver holds up nobody else.
 */
import { HangtagError } from '../domain/errors.ts';
import { deliveryWaits, longestRetryAfter, nextWait } from '../domain/events/outgoing-schedule.ts';
import type { Clock } from './ports.ts';
import type { SignEvent } from './ports-events.ts';
import type { Notices } from './ports-originals.ts';
import type {
  Claim,
  ClaimedDelivery,
  Deliveries,
  EventFeed,
  Outcome,
  Posted,
  Poster,
  SecretBox,
} from './ports-outgoing.ts';
import { sendEvent } from './send-event.ts';

export interface DeliverEventsNeeds {
  readonly feed: EventFeed;
  readonly deliveries: Deliveries;
  readonly box: SecretBox;
  readonly poster: Poster;
  /** Of one secret, `whsec_…`. */
  readonly signer: (secret: string) => SignEvent;
  readonly clock: Clock;
  readonly log: Notices;
  /** Told of each attempt that ended. */
  readonly watch?: (outcome: 'delivered' | 'retried' | 'failed') => void;
  /** Seconds before each attempt; the usual ones unless told. For tests. */
  readonly waits?: readonly number[];
  /** Milliseconds between two looks for what other processes committed; a second unless told. */
  readonly pollMs?: number;
  /** Milliseconds after which a sender must be gone; 15 s unless told, which is more than one attempt takes. */
  readonly leaseMs?: number;
}

export interface Delivering {
  /** Something was committed or is due. */
  wake(): void;
  /** Begins nothing more and lets what is being sent finish, for so many milliseconds at most. */
  stop(ms: number): Promise<void>;
}

/** Calls to one receiver at a time, of one process. */
const lanes = 4;
/** Milliseconds. */
const gatherMs = 20;
/** Seconds after which deliveries whose secret cannot be read are looked at again. */
const sealedWait = 60;

export function createDeliverEvents(needs: DeliverEventsNeeds): () => Delivering {
  const { feed, deliveries, log, watch = () => {} } = needs;
  const { waits = deliveryWaits, pollMs = 1_000, leaseMs = 15_000 } = needs;

  async function attempt(claim: Claim, one: ClaimedDelivery, sign: SignEvent): Promise<void> {
    const { subscriptionId, url } = claim;
    const at = needs.clock();
    const sent = { url, eventId: one.eventId, at, body: one.body };
    const posted = await sendEvent({ poster: needs.poster, sign }, sent);
    const { status, error, ms, answer } = posted;
    const outcome = outcomeOf(posted, one.tried + 1, waits);
    const disabled = await deliveries.settle(subscriptionId, one, { at, status, error, ms, answer }, outcome);
    watch(outcome.kind === 'delivered' ? 'delivered' : outcome.kind === 'again' ? 'retried' : 'failed');
    if (disabled) log.warn({ subscriptionId, status }, 'a subscription was disabled: it failed for too long');
  }

  /** Null where the secret cannot be read: nothing of the claim is sent. */
  async function signing(claim: Claim): Promise<SignEvent | null> {
    try {
      return needs.signer(await needs.box.open(claim.sealedSecret, claim.subscriptionId));
    } catch (error) {
      if (!(error instanceof HangtagError) || error.code !== 'secrets.unavailable') throw error;
      log.error({ subscriptionId: claim.subscriptionId }, `events wait: ${error.message}`);
      return null;
    }
  }

  return () => {
    /** Subscription -> calls that it has open here. */
    const open = new Map<string, number>();
    const running = new Set<Promise<void>>();
    let stopping = false;
    let rang = false;
    let ring = () => {};

    const wake = () => {
      rang = true;
      ring();
    };
    const failed = (err: unknown) => log.warn({ err }, 'delivering events failed; it is tried again');

    async function serve(subscriptionId: string): Promise<void> {
      const busy = open.get(subscriptionId) ?? 0;
      const claim = busy < lanes ? await deliveries.claim(subscriptionId, lanes - busy, leaseMs) : null;
      if (!claim) return;
      const sign = await signing(claim);
      for (const one of claim.deliveries) {
        open.set(subscriptionId, (open.get(subscriptionId) ?? 0) + 1);
        const work: Promise<void> = (sign ? attempt(claim, one, sign) : deliveries.release(one, sealedWait))
          .catch(failed)
          .finally(() => {
            const left = (open.get(subscriptionId) ?? 0) - 1;
            if (left > 0) open.set(subscriptionId, left);
            else open.delete(subscriptionId);
            running.delete(work);
            wake();
          });
        running.add(work);
      }
    }

    /** Until something happens, or so many milliseconds have passed. */
    async function rest(ms: number): Promise<void> {
      if (!rang && !stopping)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          ring = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      // What is committed together is placed together.
      if (!stopping) await new Promise((resolve) => setTimeout(resolve, gatherMs));
    }

    /** Milliseconds until something else is due. */
    async function round(): Promise<number> {
      await feed.place();
      const due = await deliveries.due();
      for (const { subscriptionId, inMs } of due) if (inMs <= 0 && !stopping) await serve(subscriptionId);
      return Math.min(pollMs, ...due.map(({ inMs }) => (inMs > 0 ? inMs : pollMs)));
    }

    async function go(): Promise<void> {
      while (!stopping) {
        rang = false;
        const ms = await round().catch((error: unknown) => {
          failed(error);
          rang = false;
          return pollMs;
        });
        await rest(ms);
      }
    }
    const going = go();

    return {
      wake,
      async stop(ms) {
        stopping = true;
        ring();
        let timer: NodeJS.Timeout | undefined;
        const enough = new Promise<void>((resolve) => {
          timer = setTimeout(resolve, ms);
        });
        const ended = going.then(async () => {
          await Promise.all(running);
        });
        await Promise.race([ended, enough]);
        clearTimeout(timer);
      },
    };
  };
}

/** `attempts`: failed ones, with this one, if it failed. */
function outcomeOf(
  { status, error, retryAfter }: Posted,
  attempts: number,
  waits: readonly number[],
): Outcome {
  if (error === null) return { kind: 'delivered' };
  if (status === 410) return { kind: 'gone', reason: 'The receiver answered 410: it wants no more events.' };
  const after = nextWait(attempts, retryAfter, Math.random(), waits);
  if (after !== null) return { kind: 'again', after, rest: Math.min(retryAfter ?? 0, longestRetryAfter) };
  return {
    kind: 'failed',
    sustained: `${attempts} attempts at one event failed, and none at another succeeded meanwhile. The last: ${error}`,
  };
}
