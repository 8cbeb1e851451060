/** What every queue does when many want something of it: turns, pauses, and jobs that last with their transaction. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { HandleJob, Job, WorkQueue, WorkSource } from '../../src/application/ports-work.ts';
import { longRuns } from '../long-runs.ts';

export interface Counter {
  readonly queue: WorkQueue;
  enqueue(jobs: readonly Job[], afterSeconds?: number): Promise<void>;
  /** Enqueues in a transaction that is then undone; absent where there are none. */
  readonly undone?: (jobs: readonly Job[]) => Promise<void>;
  close(): Promise<void>;
}

export const jobsOf = (source: WorkSource, count: number): Job[] =>
  Array.from({ length: count }, () => ({ source, id: randomUUID() }));

export function turnsContract(name: string, open: () => Promise<Counter>): void {
  describe(`turns: ${name}`, () => {
    let counter: Counter;
    const done: Job[] = [];
    afterEach(async () => {
      await counter?.queue.stop(5000);
      await counter?.close();
      done.length = 0;
    });
    async function work(lanes: number, handle: HandleJob = async () => {}, busy?: () => boolean) {
      const noted: HandleJob = async (job, stopping) => {
        await handle(job, stopping);
        done.push(job);
      };
      await counter.queue.work(noted, lanes, busy);
    }
    const places = (jobs: readonly Job[]) => jobs.map(({ id }) => done.findIndex((job) => job.id === id));
    const arrived = (count: number, timeout = 20_000) =>
      vi.waitFor(() => expect(done.length).toBeGreaterThanOrEqual(count), { timeout, interval: 50 });

    test('a thousand of one source keep five of another waiting for five turns', async () => {
      counter = await open();
      await counter.enqueue(jobsOf('shopify', 1000));
      await work(1, () => new Promise(setImmediate));
      await arrived(10);
      const before = done.length;
      const few = jobsOf('requests', 5);
      await counter.enqueue(few);
      counter.queue.notify();
      await vi.waitFor(() => expect(Math.min(...places(few))).toBeGreaterThanOrEqual(0), 20_000);
      // Each at most one turn later than the one before it, but for those done before the five were seen.
      const [first, ...rest] = places(few).sort((a, b) => a - b);
      expect(first! - before).toBeLessThan(400);
      expect(rest.at(-1)! - first!).toBe(8);
    }, 60_000);

    test('three sources take turns; each keeps its own order; imports have every eighth turn', async () => {
      counter = await open();
      const [catalog, shopify, imports] = [
        jobsOf('catalog', 8),
        jobsOf('shopify', 8),
        jobsOf('imports', 4),
      ] as const;
      // The embedded clock counts milliseconds: what comes in one has no order.
      for (const job of [imports, catalog, shopify].flat()) {
        await counter.enqueue([job]);
        await sleep(2);
      }
      await work(1);
      await arrived(20);
      expect(places(catalog)).toEqual([...places(catalog)].sort((a, b) => a - b));
      const order = done.map(({ source }) => source[0]).join('');
      expect(order).toBe('csc' + 'scsc' + 'i' + 'scscscs' + 'i' + 'cs' + 'ii');
    }, 40_000);

    test('imports wait while callers do, for a moment', async () => {
      counter = await open();
      let busy = true;
      await counter.enqueue([...jobsOf('imports', 2), ...jobsOf('catalog', 1)]);
      const began = performance.now();
      const at: number[] = [];
      await work(
        2,
        async () => {
          at.push(performance.now() - began);
          // The second one need not wait.
          busy = at.length < 2;
        },
        () => busy,
      );
      await arrived(3);
      expect(done.map(({ source }) => source)).toEqual(['catalog', 'imports', 'imports']);
      expect(at[1]!).toBeGreaterThan(1_900);
      expect(at[2]! - at[1]!).toBeLessThan(1_900);
    }, 40_000);

    test('jobs that always fail come again after growing pauses, and nobody waits for them', async () => {
      counter = await open();
      const bad = new Map(jobsOf('requests', 4).map(({ id }) => [id, [] as number[]]));
      await counter.enqueue([...bad.keys()].map((id) => ({ source: 'requests', id })));
      await work(1, async ({ id }) => {
        bad.get(id)?.push(performance.now());
        if (bad.has(id)) throw new Error('poison');
      });
      const good = jobsOf('requests', 20);
      await counter.enqueue(good);
      counter.queue.notify();
      await arrived(20);
      expect(done).toHaveLength(20);
      // The pauses of a queue that lasts are seconds.
      const tries = counter.undone && !longRuns ? 2 : 3;
      await vi.waitFor(() => expect([...bad.values()].every((times) => times.length >= tries)).toBe(true), {
        timeout: 30_000,
        interval: 50,
      });
      if (tries < 3) return;
      const pauses = [...bad.values()].map(([a, b, c]) => [b! - a!, c! - b!] as const);
      const sums = pauses.reduce(([x, y], [a, b]) => [x + a, y + b], [0, 0]);
      expect(sums[1]!).toBeGreaterThan(sums[0]!);
    }, 60_000);

    test('put off: not before its time, and without being told', async () => {
      counter = await open();
      await work(1);
      const began = performance.now();
      await counter.enqueue(jobsOf('catalog', 1), 2);
      expect(await counter.queue.depth()).toBe(1);
      await arrived(1);
      expect(performance.now() - began).toBeGreaterThan(1_900);
      expect(await counter.queue.depth()).toBe(0);
    }, 40_000);

    test('a transaction that is undone takes its jobs along', async () => {
      counter = await open();
      if (!counter.undone) return;
      await counter.undone(jobsOf('woocommerce', 3));
      await counter.enqueue([]);
      expect(await counter.queue.depth()).toBe(0);
      const kept = jobsOf('woocommerce', 1);
      await counter.enqueue(kept);
      await work(2);
      await arrived(1);
      expect(done).toEqual(kept);
    }, 40_000);

    test('stopping lets what is in work finish, tells it so, and begins nothing more', async () => {
      counter = await open();
      await counter.enqueue(jobsOf('catalog', 3));
      let told = false;
      await work(1, async (_, stopping) => {
        await new Promise<void>((resolve) => {
          stopping.addEventListener('abort', () => {
            told = true;
            setTimeout(resolve, 100);
          });
        });
      });
      await vi.waitFor(async () => expect(await counter.queue.depth()).toBe(2), 10_000);
      await counter.queue.stop(5000);
      expect([told, done.length]).toEqual([true, 1]);
    }, 40_000);
  });
}
