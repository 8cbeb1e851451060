/**
 * Lanes in which work is done, a few pieces at once. One loop looks for work and gives each free lane the next piece in
 * turn. It looks when it is told, and every so often, which finds what other processes accepted and what was put off: one
 * question for all sources, and none while nothing is free.
 *
 * A store that is away stops nothing for good: the loop asks again after growing pauses, and a piece that is over keeps
 * its lane until that has been written down.
 */
import { setImmediate as nextTurnOfLoop, setTimeout as pause } from 'node:timers/promises';
import type { HandleJob, Job, WorkQueue, WorkSource } from '../../application/ports-work.ts';
import { createTurns } from './turns.ts';

export interface QueueLog {
  warn(facts: object, message: string): void;
}

/** A job that is this process's to do. */
export interface Claim {
  readonly job: Job;
  done(): Promise<void>;
  /** It comes again later. */
  failed(error: unknown): Promise<void>;
}

export interface LanesNeeds {
  /** Sources with work that is due. */
  readonly ready: () => Promise<readonly WorkSource[]>;
  /** The next piece of a source; null where there is none, or another process was first. */
  readonly take: (source: WorkSource) => Promise<Claim | null>;
  /** Milliseconds between two looks. */
  readonly pollMs: number;
  /** Milliseconds for one piece: one that never ends does not keep its lane. */
  readonly mostMs: number;
  readonly log: QueueLog;
}

/** Milliseconds. `yields`: how long imports wait for a moment in which no caller does, at most, and how often they look. */
const timing = { firstPause: 250, longestPause: 5_000, yields: { most: 2_000, every: 100 } };

export function createLanes({
  ready,
  take,
  pollMs,
  mostMs,
  log,
}: LanesNeeds): Pick<WorkQueue, 'work' | 'notify' | 'stop'> {
  const turns = createTurns();
  const promising = new Set<WorkSource>();
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  const givenUp = new AbortController();
  let lanes = 0;
  let handle: HandleJob = async () => {};
  let busy = () => false;
  let told = false;
  let wake = () => {};
  let looping: Promise<void> | null = null;
  let importsWaitSince: number | null = null;
  let failures = 0;

  function notify(): void {
    told = true;
    wake();
  }
  /** Until there may be something to do. */
  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
  function mayHave(source: WorkSource): boolean {
    if (source !== 'imports' || !promising.has(source)) return promising.has(source);
    if (!busy()) return true;
    importsWaitSince ??= performance.now();
    return performance.now() - importsWaitSince >= timing.yields.most;
  }
  const pauseAfter = (times: number) => Math.min(timing.longestPause, timing.firstPause * 2 ** (times - 1));

  async function loop(): Promise<void> {
    let nextLook = 0;
    while (!stopping.signal.aborted) {
      if (running.size >= lanes) {
        await sleep(pollMs);
        continue;
      }
      try {
        if (told || performance.now() >= nextLook) {
          told = false;
          nextLook = performance.now() + pollMs;
          for (const source of await ready()) promising.add(source);
        }
        const source = turns.next(mayHave);
        if (source !== null) {
          await begin(source);
          // An embedded database never waits for anything: without this nobody else would run until all is done.
          await nextTurnOfLoop();
        } else if (!told) {
          const held = promising.size > 0 ? timing.yields.every : pollMs;
          await sleep(Math.max(0, Math.min(held, nextLook - performance.now())));
        }
        failures = 0;
      } catch (error) {
        failures++;
        log.warn({ err: error }, 'the work queue cannot be read; it is asked again');
        promising.clear();
        nextLook = performance.now() + pauseAfter(failures);
        await sleep(pauseAfter(failures));
      }
    }
  }

  async function begin(source: WorkSource): Promise<void> {
    const claim = await take(source);
    if (claim === null) {
      promising.delete(source);
      return;
    }
    // Too late: it is put back with whatever else is left.
    if (givenUp.signal.aborted) return;
    turns.took(source);
    if (source === 'imports') importsWaitSince = null;
    const work: Promise<void> = inLane(claim).finally(() => {
      running.delete(work);
      wake();
    });
    running.add(work);
  }

  async function inLane(claim: Claim): Promise<void> {
    const outcome = await endOf(handle(claim.job, stopping.signal));
    for (let tries = 1; ; tries++) {
      try {
        return await (outcome === null ? claim.done() : claim.failed(outcome.error));
      } catch (error) {
        log.warn({ err: error }, 'the end of a piece of work cannot be written down; it is tried again');
      }
      // Whoever gives up leaves it to those who put back what the dead had begun.
      const goOn = await pause(pauseAfter(tries), true, { signal: givenUp.signal }).catch(() => false);
      if (!goOn) return;
    }
  }

  async function endOf(work: Promise<void>): Promise<{ readonly error: unknown } | null> {
    const over = new AbortController();
    const late = pause(mostMs, null, { signal: over.signal }).then(() => {
      throw new Error(`not over after ${mostMs} ms`);
    });
    // Its own end is no fault.
    late.catch(() => {});
    try {
      await Promise.race([work, late]);
      return null;
    } catch (error) {
      return { error };
    } finally {
      over.abort();
    }
  }

  return {
    async work(given, concurrency, whether = () => false) {
      handle = given;
      busy = whether;
      lanes = concurrency;
      looping ??= loop();
    },
    notify,
    async stop(timeoutMs) {
      stopping.abort();
      wake();
      const over = new AbortController();
      // What the loop was about to take is in work then, too.
      const ends = Promise.resolve(looping).then(() => Promise.all(running));
      await Promise.race([ends, pause(timeoutMs, null, { signal: over.signal }).catch(() => {})]);
      over.abort();
      givenUp.abort();
    },
  };
}
