/**
 * A worker shows that it lives, and looks for others that have stopped: what those had begun is put back and done by
 * somebody else. A worker that was only slow comes back to work that is done twice, which comes to the same.
 *
 * After a gap in its own signs a worker waits before it judges others: whoever kept it from writing (a database that was
 * away, a machine that slept) kept them from it, too.
 */
import type { Workers } from './ports-work.ts';
import { repeat } from './repeat.ts';

export interface SignsOfLifeNeeds {
  readonly workers: Workers;
  /** This worker's: a UUID. */
  readonly id: string;
  readonly log: {
    info(facts: object, message: string): void;
    warn(facts: object, message: string): void;
  };
  /** Milliseconds; as below unless told. */
  readonly timing?: typeof usual;
}

/** Milliseconds: between two signs, between two looks at others, and how long silence lasts that counts as death. */
const usual = { beat: 3_000, look: 5_000, silence: 15_000 };

/** Resolves when others know of this worker. What it gives ends that. */
export async function showLife({
  workers,
  id,
  log,
  timing = usual,
}: SignsOfLifeNeeds): Promise<() => Promise<void>> {
  const { beat, look, silence } = timing;
  await workers.beat(id);
  let last = performance.now();
  let steadySince = Number.NEGATIVE_INFINITY;

  async function show(): Promise<void> {
    await workers.beat(id);
    const now = performance.now();
    if (now - last > beat * 3) steadySince = now;
    last = now;
  }
  async function lookAround(): Promise<void> {
    const now = performance.now();
    if (now - last > beat * 3 || now - steadySince < silence) return;
    const jobs = await workers.takeBack(id, silence / 1000);
    if (jobs > 0) log.info({ jobs }, 'work of a worker that is gone was put back');
  }
  const failed = (err: unknown) => log.warn({ err }, 'a sign of life failed; it is tried again');
  const stops = [
    repeat(show, { firstMs: beat, everyMs: beat, failed }),
    repeat(lookAround, { firstMs: Math.min(1_000, look), everyMs: look, failed }),
  ];
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
    await workers.leave(id).catch(failed);
  };
}
