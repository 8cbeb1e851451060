/**
 * Looks once a second at what is active, and follows. A taxonomy that is wished for is prepared by one process, all of it:
 * its captions are encoded and kept, so that the others, and this one, switch without asking the model for anything. Should
 * this process die over it, another takes the wish up; until the switch is written, what was active is active.
 */
import { type KeeperLog, type MeaningKeeper, mayPass, messageOf, type Prepared } from './keep-meaning.ts';
import type { Meanings, Preparation, PreparationProgress } from './ports-meaning.ts';
import { repeat, type Stop } from './repeat.ts';
import type { Terms } from './terms.ts';
import type { BankProgress } from './text-bank.ts';

export interface MeaningWatchNeeds {
  readonly keeper: MeaningKeeper;
  readonly terms: Pick<Terms, 'taxonomy'>;
  readonly meanings: Meanings;
  /** This process: a UUID. */
  readonly worker: string;
  readonly log: KeeperLog;
  readonly wait: (tries: number, signal: AbortSignal) => Promise<void>;
  /** false: only when told to. */
  readonly looks: boolean;
  /** Milliseconds: between two looks, and how long a claim holds unless it is renewed. 1,000 and 10,000 unless told. */
  readonly everyMs?: number;
  readonly leaseMs?: number;
}

export interface MeaningWatch {
  /** Now, and not only at the next second: resolves when this process answers by what is active. */
  look(): Promise<void>;
  /** Resolves when no preparation is under way in this process. */
  prepared(): Promise<void>;
  stop: Stop;
}

export function watchMeaning(needs: MeaningWatchNeeds): MeaningWatch {
  const { keeper, meanings, log, looks, everyMs = 1000 } = needs;
  const stopping = new AbortController();
  let turn: Promise<void> = Promise.resolve();
  let working: Promise<void> | null = null;
  /** From the end of the preparation until the switch is followed. */
  let ready: Prepared | null = null;
  let troubled = false;

  function begin(wish: Preparation): void {
    working = prepare(needs, wish, stopping.signal)
      .then(async (prepared) => {
        ready = prepared;
        if (prepared) await look();
      })
      .catch((err: unknown) => log.warn({ err }, 'preparing a taxonomy failed; it is tried again'))
      .finally(() => {
        working = null;
      });
  }

  async function lookNow(): Promise<void> {
    const active = await meanings.active();
    // A wish may be the way out of what cannot be followed.
    if (active.preparing?.idle && !working && !stopping.signal.aborted) begin(active.preparing);
    if (active.generation !== keeper.generation()) {
      await keeper.follow(active, ready);
      ready = null;
    }
    if (troubled) log.info({}, 'what is active is known again');
    troubled = false;
  }
  /** One at a time. */
  const look = () => {
    const mine = turn.then(lookNow);
    turn = mine.catch(() => {});
    return mine;
  };
  const lookAgain = () =>
    look().catch((err: unknown) => {
      if (!troubled) log.warn({ err }, 'cannot look at what is active; it is tried again');
      troubled = true;
    });
  const stopLooking = looks
    ? repeat(lookAgain, { firstMs: everyMs, everyMs, failed: () => {} })
    : async () => {};
  return {
    look,
    async prepared() {
      await working;
    },
    async stop() {
      stopping.abort();
      await stopLooking();
      await working;
    },
  };
}

/** Gives what was prepared once the switch is written; null where the wish was another's, given up, or let go. */
async function prepare(
  { keeper, terms, meanings, worker, log, wait, leaseMs = 10_000 }: MeaningWatchNeeds,
  { ticket, taxonomy: version }: Preparation,
  stopping: AbortSignal,
): Promise<Prepared | null> {
  let progress: PreparationProgress = { captions: null, waitingFor: null };
  const lost = new AbortController();
  const signal = AbortSignal.any([stopping, lost.signal]);
  const claim = () => meanings.claim(ticket, worker, leaseMs, progress);
  if (!(await claim())) return null;
  const renewing = repeat(
    async () => {
      if (!(await claim())) lost.abort(new Error('the wish was taken back'));
    },
    { firstMs: Math.min(1000, leaseMs / 5), everyMs: Math.min(1000, leaseMs / 5), failed: () => {} },
  );
  log.info({ taxonomy: version ?? 'the folder’s' }, 'preparing a taxonomy');
  try {
    const taxonomy = await terms.taxonomy(version);
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        const bare = keeper.bare();
        if (bare) {
          const tell = (captions: BankProgress | null) => {
            progress = {
              captions: captions && { known: captions.texts, total: captions.ofTexts },
              waitingFor: null,
            };
          };
          const meant = await bare.mean(taxonomy, tell);
          await loadTelling(meant, signal, tell);
          signal.throwIfAborted();
          return (await meanings.switchOver(ticket, worker)) ? { bare, meant } : null;
        }
        progress = { ...progress, waitingFor: keeper.reason() };
      } catch (error) {
        if (signal.aborted) break;
        if (!mayPass(error)) throw error;
        progress = { ...progress, waitingFor: messageOf(error) };
        log.warn({ tries, taxonomy: version }, `preparing a taxonomy waits: ${messageOf(error)}`);
      }
      await wait(Math.min(tries, 4), signal);
    }
    if (stopping.aborted) await meanings.release(ticket, worker);
    return null;
  } catch (error) {
    if (mayPass(error)) {
      // The store is away: the claim runs out by itself.
      throw error;
    }
    log.warn({ err: error, taxonomy: version }, 'the taxonomy cannot be used; what is active stays');
    await meanings.giveUp(ticket, worker, messageOf(error));
    return null;
  } finally {
    await renewing();
  }
}

async function loadTelling(
  meant: Prepared['meant'],
  signal: AbortSignal,
  tell: (captions: BankProgress | null) => void,
): Promise<void> {
  const telling = setInterval(() => tell(meant.captions()), 500);
  try {
    await meant.loadAll(signal);
  } finally {
    clearInterval(telling);
    tell(meant.captions());
  }
}
