import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createBatcher } from '../../../src/adapters/inference/slot-batcher.ts';

const limits = { slots: 1, maxBatch: 4, maxWaiting: 8, maxWaitingBytes: 1000, deadlineMs: 2000 };

/** A model that works when told to, and remembers the batches it was given. */
function gated() {
  const batches: number[][] = [];
  const gates: (() => void)[] = [];
  const run = async (items: readonly number[]) => {
    batches.push([...items]);
    await new Promise<void>((resolve) => gates.push(resolve));
    return items.map((item) => item * 10);
  };
  return { batches, run, open: () => gates.shift()?.() };
}

describe('slot batching', () => {
  test('the first goes at once; what gathers meanwhile goes together when the slot frees, at most maxBatch', async () => {
    const model = gated();
    const batcher = createBatcher(limits, model.run);
    const all = [1, 2, 3, 4, 5, 6].map((item) => batcher.submit(item, 1));
    expect(model.batches).toEqual([[1]]);
    for (let i = 0; i < 3; i++) {
      model.open();
      await sleep(1);
    }
    expect(model.batches).toEqual([[1], [2, 3, 4, 5], [6]]);
    expect(await Promise.all(all)).toEqual([10, 20, 30, 40, 50, 60]);
    expect(batcher.depth()).toEqual({ waiting: 0, running: 0 });
  });

  test('beyond the bound in items or in bytes it refuses instead of queueing', async () => {
    const model = gated();
    const batcher = createBatcher({ ...limits, maxWaiting: 2 }, model.run);
    const running = batcher.submit(0, 1);
    const waiting = [batcher.submit(1, 1), batcher.submit(2, 1)];
    await expect(batcher.submit(3, 1)).rejects.toMatchObject({ code: 'service.overloaded', retryAfter: 1 });
    const heavy = createBatcher(limits, gated().run);
    // It is never answered: its deadline comes after the test.
    heavy.submit(0, 1).catch(() => {});
    await expect(heavy.submit(1, 1001)).rejects.toMatchObject({ code: 'service.overloaded' });
    model.open();
    await sleep(1);
    model.open();
    await Promise.all([running, ...waiting]);
  });

  test('one who leaves while waiting is never sent; the others are', async () => {
    const model = gated();
    const batcher = createBatcher(limits, model.run);
    const first = batcher.submit(1, 1);
    const leaving = new AbortController();
    const left = batcher.submit(2, 1, leaving.signal);
    const stays = batcher.submit(3, 1);
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: 'request.cancelled' });
    model.open();
    await sleep(1);
    model.open();
    expect(await first).toBe(10);
    expect(await stays).toBe(30);
    expect(model.batches).toEqual([[1], [3]]);
  });

  test('a model that never answers is a timeout, and what waits behind it times out too', async () => {
    const batcher = createBatcher({ ...limits, deadlineMs: 30 }, gated().run);
    const both = [batcher.submit(1, 1), batcher.submit(2, 1)];
    for (const one of both) await expect(one).rejects.toMatchObject({ code: 'inference.timeout' });
    expect(batcher.depth().waiting).toBe(0);
  });

  test('a failing batch fails its own items, and the next batch runs', async () => {
    let calls = 0;
    const batcher = createBatcher(limits, async (items: readonly number[]) => {
      if (calls++ === 0) throw new Error('broken');
      return items;
    });
    await expect(batcher.submit(1, 1)).rejects.toThrow('broken');
    expect(await batcher.submit(2, 1)).toBe(2);
  });

  test('closing refuses what waits and what comes later', async () => {
    const model = gated();
    const batcher = createBatcher(limits, model.run);
    void batcher.submit(1, 1).catch(() => {});
    const waiting = batcher.submit(2, 1);
    batcher.close();
    await expect(waiting).rejects.toMatchObject({ code: 'inference.unavailable' });
    await expect(batcher.submit(3, 1)).rejects.toMatchObject({ code: 'inference.unavailable' });
    model.open();
  });
});
