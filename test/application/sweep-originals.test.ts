import { describe, expect, test, vi } from 'vitest';
import { createMemoryStore } from '../../src/adapters/store/memory.ts';
import { createDeleteProduct } from '../../src/application/delete-product.ts';
import type { Originals } from '../../src/application/ports-originals.ts';
import { createRemoveOriginals } from '../../src/application/remove-originals.ts';
import { repeat } from '../../src/application/repeat.ts';
import { createSaveWithOriginals } from '../../src/application/save-with-originals.ts';
import { createSweepOriginals, leftAloneMs } from '../../src/application/sweep-originals.ts';
import { HangtagError } from '../../src/domain/errors.ts';
import type { RemovalsMet } from '../../src/domain/originals/removal.ts';
import { sha256, writeOf } from '../contracts/sample-tags.ts';

function world() {
  const kept = new Map<string, number>();
  const lines: string[] = [];
  const note = (level: string) => (_: object, message: string) => void lines.push(`${level}: ${message}`);
  const at = {
    owner: null as string | null,
    /** What deleting does before it deletes. */
    deleting: async (_sha256: string): Promise<void> => {},
    clock: 0,
  };
  const originals: Originals = {
    async put(name) {
      kept.set(name, 0);
    },
    get: async () => null,
    async delete(name) {
      await at.deleting(name);
      kept.delete(name);
    },
    async list(from, limit) {
      const all = [...kept].filter(([name]) => from === null || name >= from).sort();
      const items = all.slice(0, limit).map(([name, writtenAt]) => ({ sha256: name, writtenAt }));
      return { items, next: all[limit]?.[0] ?? null };
    },
    async own(owner) {
      at.owner ??= owner;
      return at.owner;
    },
    ping: async () => {},
  };
  const store = createMemoryStore({ clock: () => 'now' });
  const log = { info: note('info'), warn: note('warn'), error: note('error') };
  const remove = createRemoveOriginals({ store, originals, log, now: () => at.clock });
  const sweep = createSweepOriginals({ store, originals, remove, log, now: () => leftAloneMs + 1 });
  const save = createSaveWithOriginals({ store, originals, pause: async () => {} });
  const tag = (product: string) =>
    save(writeOf(product), new Map([[sha256(product), new Uint8Array()]]), [sha256(product)]);
  return { at, kept, lines, originals, store, log, remove, sweep, tag };
}

describe('leftovers', () => {
  test('old ones that nobody mentions go, in pages; used and young ones stay', async () => {
    const { kept, sweep, tag, lines } = world();
    await tag('used');
    for (let index = 0; index < 2_500; index++) kept.set(sha256(`leftover ${index}`), index % 2 ? 0 : 1_000);
    expect(await sweep.leftovers()).toBe(1_250);
    expect(kept.size).toBe(1_251);
    expect(kept.has(sha256('used'))).toBe(true);
    expect(lines).toEqual(['info: removed originals that no product mentions']);
  });

  test('the originals of another database are left alone', async () => {
    const { at, kept, sweep, lines } = world();
    at.owner = 'another';
    kept.set(sha256('theirs'), 0);
    expect(await sweep.leftovers()).toBe(0);
    expect(kept.size).toBe(1);
    expect(lines).toEqual(['warn: these originals belong to another database: not swept']);
  });

  test('an empty database beside full originals does not take them for leftovers', async () => {
    const { at, kept, sweep, tag } = world();
    for (let index = 0; index < 10; index++) kept.set(sha256(`leftover ${index}`), 0);
    expect(await sweep.leftovers()).toBe(0);
    expect(at.owner).toBeNull();
    expect(kept.size).toBe(10);
    await tag('known');
    expect(await sweep.leftovers()).toBe(10);
    expect([...kept.keys()]).toEqual([sha256('known')]);
  });

  test('a stop is heeded between two deletions', async () => {
    const { at, kept, sweep, store } = world();
    at.owner = await store.identity();
    const stop = new AbortController();
    for (let index = 0; index < 100; index++) kept.set(sha256(`leftover ${index}`), 0);
    let count = 0;
    at.deleting = async () => {
      if (++count === 3) stop.abort();
    };
    expect(await sweep.leftovers(stop.signal)).toBe(3);
    expect(kept.size).toBe(97);
  });
});

describe('removing', () => {
  test('no deletion begins after half of the lease; a late one is told', async () => {
    const { at, kept, remove, sweep, store, lines } = world();
    const names = ['a', 'b', 'c'].map(sha256).sort();
    for (const name of names) kept.set(name, 0);
    at.deleting = async () => {
      at.clock += 31_000;
    };
    expect(await remove(names)).toBe(1);
    expect([...kept.keys()].sort()).toEqual(names.slice(1));
    expect(lines).toEqual([]);
    // A remover that stood still for longer than its lease, during which the picture was tagged again.
    vi.useFakeTimers({ now: Date.now() + 61_000 });
    try {
      at.deleting = async () => {
        vi.setSystemTime(Date.now() + 61_000);
        const taken = await store.claimRemovals(names.slice(1, 2), 1, 60_000);
        expect(taken.sha256s).toEqual(names.slice(1, 2));
        at.clock += 61_000;
      };
      await sweep.marked();
      expect(lines.filter((line) => line.startsWith('error'))).toEqual([
        'error: removing originals took too long: a product tagged since may miss them',
      ]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('what cannot be removed ends the run, after what was removed is settled', async () => {
    const { at, kept, remove, store } = world();
    const names = ['a', 'b', 'c'].map(sha256).sort();
    for (const name of names) kept.set(name, 0);
    at.deleting = async (name) => {
      if (name === names[1]) throw new HangtagError('store.unavailable', 'down');
    };
    await expect(remove(names)).rejects.toMatchObject({ code: 'store.unavailable' });
    const removals = new Map<string, boolean>();
    for (const text of ['a', 'b', 'c']) {
      const met = await store.saveTags(writeOf(text)).catch((error: unknown) => error);
      for (const { sha256: name, over } of (met as RemovalsMet).removals) removals.set(name, over);
    }
    expect(names.map((name) => removals.get(name))).toEqual([true, false, false]);
  });

  test('deleting a product does not wait for a store of originals that hangs', async () => {
    const { at, store, remove, log, tag } = world();
    await tag('sku');
    at.deleting = () => new Promise(() => {});
    const began = performance.now();
    await createDeleteProduct({ store, removeOriginals: remove, log, patienceMs: 50 })('sku');
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(await store.findTags('sku')).toBeNull();
  });
});

describe('a tagging', () => {
  test('that always meets a removal in work is sent away with store.unavailable, and nothing is stored', async () => {
    const { store, tag } = world();
    await store.claimRemovals([sha256('sku')], 1, 60_000);
    await expect(tag('sku')).rejects.toMatchObject({ code: 'store.unavailable', retryAfter: 5 });
    expect(await store.findTags('sku')).toBeNull();
  });

  test('whose original cannot be kept stores nothing', async () => {
    const { store, originals } = world();
    const down = new HangtagError('store.unavailable', 'down');
    const save = createSaveWithOriginals({
      store,
      originals: { ...originals, put: () => Promise.reject(down) },
    });
    await expect(
      save(writeOf('sku'), new Map([[sha256('sku'), new Uint8Array()]]), [sha256('sku')]),
    ).rejects.toBe(down);
    expect(await store.findTags('sku')).toBeNull();
  });
});

describe('repeating', () => {
  test('one run at a time, again after a failure, none after the stop, which waits for the one in work', async () => {
    let runs = 0;
    let atOnce = 0;
    let told = false;
    const failures: unknown[] = [];
    const stop = repeat(
      async (signal) => {
        expect(++atOnce).toBe(1);
        runs++;
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (runs >= 3) {
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
          told = true;
        }
        atOnce--;
        throw new Error('failed');
      },
      { firstMs: 1, everyMs: 1, failed: (error) => void failures.push(error) },
    );
    await expect.poll(() => runs).toBe(3);
    await stop();
    expect({ told, atOnce, failures: failures.length }).toEqual({ told: true, atOnce: 0, failures: 3 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(runs).toBe(3);
  });
});
