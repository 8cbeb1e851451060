import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Rescorer, RescoringInput, RescoringQuery } from '../../src/application/ports-rescoring.ts';
import { rescoredPages } from '../../src/application/rescored-pages.ts';
import { provenance } from '../contracts/rescoring.contract.ts';

const never = new AbortController().signal;

function world(products: number, { lanes = 2, fails = '' } = {}) {
  const ids = Array.from({ length: products }, (_, index) => `p${String(index).padStart(4, '0')}`);
  const seen = { read: [] as string[], deciding: 0, most: 0, aborted: 0 };
  const store = {
    async readForRescoring({ after, limit }: RescoringQuery): Promise<readonly RescoringInput[]> {
      seen.read.push(after);
      await pause(1);
      return ids
        .filter((id) => id > after)
        .slice(0, limit)
        .map((productId) => ({ productId, version: '1', tagSet: '{}', pictures: [], catalog: null }));
    },
  };
  const rescorer: Rescorer = {
    lanes,
    async rescore(block, _, signal) {
      seen.most = Math.max(seen.most, ++seen.deciding);
      // Later pages are done before earlier ones.
      await pause(block[0]!.productId === 'p0000' ? 30 : 2);
      seen.deciding--;
      if (signal?.aborted) seen.aborted++;
      if (block.some(({ productId }) => productId === fails)) throw new Error('a thread died');
      return block.map(({ productId }) => ({ kind: 'same', productId }));
    },
    async close() {},
  };
  const run = {
    scope: { all: true },
    model: 'm@1',
    after: '',
    pageSize: 10,
    provenance: () => provenance,
  } as const;
  return { ids, seen, needs: { store, rescorer }, run };
}

describe('pages of a catalog', () => {
  test.each([0, 7, 10, 95, 100])(
    '%i products: all, once, in order, each page with its cursor',
    async (products) => {
      const { ids, seen, needs, run } = world(products);
      const found: string[] = [];
      for await (const { last, outcomes } of rescoredPages(needs, run, never)) {
        found.push(...outcomes.map(({ productId }) => productId));
        expect(last).toBe(found.at(-1));
      }
      expect(found).toEqual(ids);
      expect(new Set(seen.read).size).toBe(seen.read.length);
    },
  );

  test('goes on after a cursor', async () => {
    const { ids, needs, run } = world(35);
    const found: string[] = [];
    for await (const { outcomes } of rescoredPages(needs, { ...run, after: ids[12]! }, never))
      found.push(...outcomes.map(({ productId }) => productId));
    expect(found).toEqual(ids.slice(13));
  });

  test('keeps the lanes busy and reads no further ahead than one page', async () => {
    const { seen, needs, run } = world(200);
    let given = 0;
    for await (const _ of rescoredPages(needs, run, never)) {
      await pause(5);
      given++;
      expect(seen.read.length).toBeLessThanOrEqual(given + 3);
    }
    expect(seen.most).toBeGreaterThanOrEqual(2);
  });

  test('what fails is raised after the pages before it', async () => {
    const { needs, run } = world(60, { fails: 'p0033' });
    let given = 0;
    const all = (async () => {
      for await (const { outcomes } of rescoredPages(needs, run, never)) given += outcomes.length;
    })();
    await expect(all).rejects.toThrow('a thread died');
    expect(given).toBe(30);
  });

  test('whoever leaves early leaves nothing behind; a signal ends it', async () => {
    const { seen, needs, run } = world(200);
    for await (const _ of rescoredPages(needs, run, never)) break;
    expect(seen.deciding).toBe(0);
    const read = seen.read.length;
    await pause(20);
    expect(seen.read.length).toBe(read);
    const giving = new AbortController();
    const all = (async () => {
      for await (const _ of rescoredPages(needs, run, giving.signal)) giving.abort(new Error('paused'));
    })();
    await expect(all).rejects.toThrow('paused');
    expect(seen.deciding).toBe(0);
  });
});
