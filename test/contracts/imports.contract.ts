/** What every store of imports does: durable before it is accepted, claimed by one, counted once, finished once. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Imports, ReceivedLine, SettledLine, Turn } from '../../src/application/ports-imports.ts';
import type { Job } from '../../src/application/ports-work.ts';
import { sha256 } from './sample-tags.ts';

export interface ImportPlace {
  /** With two lanes. `jobs`: what was put into the queue in transactions that lasted, with seconds until then. */
  readonly imports: Imports;
  readonly jobs: { readonly job: Job; readonly after: number }[];
  /** Bodies of the events that tell of an import. */
  told(id: string): Promise<readonly unknown[]>;
  forget(productId: string): Promise<unknown>;
  /** Lets every lease of an import run out. */
  expire(id: string): Promise<unknown>;
  /** As if nobody had worked on the import for an hour. */
  silence(id: string): Promise<unknown>;
  close(): Promise<void>;
}

export const lineOf = (line: number, productId = `sku-${line}`, text = 'x'): ReceivedLine => ({
  line,
  productId,
  hash: sha256(`${productId} ${text}`),
  body: `${productId} ${text}`,
  problems: [],
});
const bad = (line: number): ReceivedLine => ({
  line,
  productId: null,
  hash: null,
  body: 'no \u0000 json',
  problems: [
    { code: 'request.malformed', detail: 'One.', pointer: '/a' },
    { code: 'request.malformed', detail: 'Two.', pointer: '/b' },
  ],
});
type Chunk = Extract<Turn, { kind: 'chunk' }>;
const done = ({ lines }: Chunk, kind: 'changed' | 'unchanged' = 'changed'): SettledLine[] =>
  lines.map(({ line, attempts }) => ({ line, attempts, outcome: { kind } }));
const fault = { code: 'image.fetch_unavailable', detail: 'It is \u0000 away.' } as const;

export function importsContract(name: string, open: () => Promise<ImportPlace>): void {
  describe(`imports: ${name}`, () => {
    let place: ImportPlace;
    let imports: Imports;
    beforeAll(async () => {
      place = await open();
      imports = place.imports;
    });
    afterAll(() => place?.close());

    async function received(lines: readonly ReceivedLine[], dryRun = false): Promise<string> {
      const id = randomUUID();
      // The embedded clock counts milliseconds: what comes in one has no order.
      await sleep(2);
      await imports.open({ id, source: { kind: 'body' }, dryRun, call: null });
      if (lines.length > 0) await imports.append(id, { lines, images: 3, inferences: 2 });
      return id;
    }
    async function running(lines: readonly ReceivedLine[]): Promise<string> {
      const id = await received(lines);
      await imports.accept(id);
      await imports.plan(id, 12.5);
      return id;
    }
    async function chunk(id: string, limit = 10): Promise<Chunk> {
      const turn = await imports.claim(id, limit, 60);
      if (turn.kind !== 'chunk') throw new Error(`it is ${turn.kind}`);
      return turn;
    }
    const jobsOf = (id: string) => place.jobs.filter(({ job }) => job.id === id).map(({ after }) => after);
    const lines = (count: number) => Array.from({ length: count }, (_, index) => lineOf(index + 1));

    test('received, planned, run, finished: every line once, and counted', async () => {
      const id = await received([...lines(3), bad(4)]);
      expect(await imports.find(id)).toMatchObject({
        state: 'receiving',
        plan: { total: 4, invalid: 1, images: 3, estimate: { inferences: null, seconds: null } },
        progress: { done: 1, failed: 1 },
      });
      expect(jobsOf(id)).toEqual([]);
      expect(await imports.accept(id)).toMatchObject({ state: 'planning' });
      expect(jobsOf(id)).toEqual([0, 0]);
      expect(await imports.claim(id, 10, 60)).toEqual({ kind: 'plan', lines: 3, inferences: 2 });
      await imports.plan(id, 12.5);
      await imports.plan(id, 99);
      expect(await imports.find(id)).toMatchObject({
        state: 'running',
        plan: { estimate: { inferences: 2, seconds: 12.5 } },
      });
      const first = await chunk(id, 2);
      const second = await chunk(id, 2);
      expect([...first.lines, ...second.lines].map(({ line }) => line)).toEqual([1, 2, 3]);
      expect(first.lines[0]).toMatchObject({ body: 'sku-1 x', attempts: 1 });
      const order = [...first.lines, ...second.lines].map(({ sequence }) => sequence);
      expect(order).toEqual([...order].sort((a, b) => a - b));
      await imports.settle(id, done(first), 0);
      expect(jobsOf(id)).toHaveLength(3);
      await imports.settle(id, done(second, 'unchanged'), 0);
      expect(await imports.find(id)).toMatchObject({
        state: 'finished',
        progress: { done: 4, changed: 2, unchanged: 1, failed: 1, etaSeconds: null },
        finishedAt: expect.any(String),
      });
      expect(jobsOf(id)).toHaveLength(3);
      expect(await imports.claim(id, 10, 60)).toEqual({ kind: 'over' });
    });

    test('a dry run ends with its plan', async () => {
      const id = await received(lines(2), true);
      await imports.accept(id);
      expect(jobsOf(id)).toHaveLength(1);
      await imports.plan(id, null);
      expect(await imports.find(id)).toMatchObject({
        state: 'finished',
        dryRun: true,
        progress: { done: 0 },
        plan: { total: 2, estimate: { inferences: 2, seconds: null } },
      });
      expect(await imports.claim(id, 10, 60)).toEqual({ kind: 'over' });
    });

    test('side by side: no line is claimed twice, and one of all finishes it', async () => {
      const id = await running(lines(40));
      let ends = 0;
      const claimed: number[] = [];
      async function lane(): Promise<void> {
        for (;;) {
          const turn = await imports.claim(id, 3, 60);
          if (turn.kind !== 'chunk') return;
          claimed.push(...turn.lines.map(({ line }) => line));
          await imports.settle(id, done(turn), 0);
          if ((await imports.find(id)).state === 'finished') ends++;
        }
      }
      await Promise.all(Array.from({ length: 6 }, lane));
      expect(claimed.sort((a, b) => a - b)).toEqual(lines(40).map(({ line }) => line));
      expect(ends).toBeGreaterThan(0);
      expect(await imports.find(id)).toMatchObject({
        state: 'finished',
        progress: { done: 40, changed: 40 },
      });
      const data = { importId: id, total: 40, changed: 40, unchanged: 0, failed: 0 };
      expect(await place.told(id)).toEqual([expect.objectContaining({ type: 'import.finished', data })]);
    });

    test('two that hold the last lines: the later one ends it', async () => {
      const id = await running(lines(2));
      const [first, second] = [await chunk(id, 1), await chunk(id, 1)];
      await Promise.all([imports.settle(id, done(first), 0), imports.settle(id, done(second), 0)]);
      expect(await imports.find(id)).toMatchObject({ state: 'finished', progress: { done: 2 } });
    });

    test('a claim runs out: the line is somebody else’s, and what the first one says of it is not heard', async () => {
      const id = await running(lines(1));
      const first = await chunk(id);
      expect(await imports.renew(id, first.lines, 60)).toBe(true);
      expect(await imports.claim(id, 10, 60)).toEqual({ kind: 'over' });
      await place.expire(id);
      const second = await chunk(id);
      expect(second.lines).toMatchObject([{ line: 1, attempts: 2 }]);
      await imports.settle(id, done(first), 0);
      expect(await imports.find(id)).toMatchObject({ state: 'running', progress: { done: 0 } });
      await imports.settle(id, done(second), 0);
      expect(await imports.find(id)).toMatchObject({ state: 'finished', progress: { done: 1 } });
    });

    test('what ended without a word twice is run alone', async () => {
      const id = await running(lines(3));
      for (let times = 0; times < 2; times++) {
        expect((await chunk(id)).lines).toHaveLength(3);
        await place.expire(id);
      }
      for (const line of [1, 2, 3]) {
        const alone = await chunk(id);
        expect(alone.lines).toMatchObject([{ line, attempts: 3 }]);
        await imports.settle(id, done(alone), 0);
      }
      expect((await imports.find(id)).state).toBe('finished');
    });

    test('again and released: later, and only the first counts as a try', async () => {
      const id = await running(lines(3));
      const { lines: claimed } = await chunk(id);
      const kinds = [
        { kind: 'again', fault, afterSeconds: 600 },
        { kind: 'released', afterSeconds: 0 },
        { kind: 'failed', fault },
      ] as const;
      await imports.settle(
        id,
        claimed.map(({ line, attempts }, index) => ({ line, attempts, outcome: kinds[index]! })),
        7,
      );
      expect(jobsOf(id).at(-1)).toBe(7);
      const next = await chunk(id);
      expect(next.lines).toMatchObject([{ line: 2, attempts: 1 }]);
      await imports.settle(id, done(next), 0);
      expect(await imports.find(id)).toMatchObject({ state: 'running', progress: { done: 2, failed: 1 } });
      // Nothing is due: of two jobs one goes, the other looks again.
      const before = jobsOf(id).length;
      expect(await imports.claim(id, 10, 60)).toEqual({ kind: 'over' });
      expect(jobsOf(id)).toHaveLength(before);
      expect(await imports.claim(id, 10, 60)).toEqual({ kind: 'over' });
      expect(jobsOf(id)).toHaveLength(before + 1);
      expect(jobsOf(id).at(-1)).toBe(30);
      await place.expire(id);
      const last = await chunk(id);
      expect(last.lines).toMatchObject([{ line: 1, attempts: 2 }]);
      await imports.settle(id, done(last), 0);
      const failures = await imports.failures(id, 10, 0);
      expect(failures).toEqual([
        { line: 3, productId: 'sku-3', code: fault.code, detail: 'It is  away.', errors: [] },
      ]);
    });

    test('paused: no line is handed out, and what was in work is written; resumed: it goes on', async () => {
      const id = await running(lines(4));
      const first = await chunk(id, 2);
      expect(await imports.pause(id)).toMatchObject({ state: 'paused', progress: { etaSeconds: null } });
      expect(await imports.pause(id)).toMatchObject({ state: 'paused' });
      expect(await imports.renew(id, first.lines, 60)).toBe(false);
      const before = jobsOf(id).length;
      await imports.settle(id, done(first), 0);
      expect(await imports.claim(id, 10, 60)).toEqual({ kind: 'over' });
      expect(jobsOf(id)).toHaveLength(before);
      expect(await imports.find(id)).toMatchObject({ state: 'paused', progress: { done: 2 } });
      expect(await imports.resume(id)).toMatchObject({ state: 'running' });
      expect(jobsOf(id)).toHaveLength(before + 2);
      await imports.settle(id, done(await chunk(id)), 0);
      expect(await imports.find(id)).toMatchObject({ state: 'finished', progress: { done: 4 } });
      for (const verb of ['pause', 'resume', 'cancel'] as const)
        await expect(imports[verb](id)).rejects.toMatchObject({ code: 'job.conflict' });
    });

    test('paused before it was planned: planned afterwards', async () => {
      const id = await received(lines(1));
      await imports.accept(id);
      await imports.pause(id);
      await imports.plan(id, 1);
      expect(await imports.resume(id)).toMatchObject({ state: 'planning' });
    });

    test('cancelled: at any time, and for good', async () => {
      const early = await received(lines(1));
      await imports.cancel(early);
      await expect(
        imports.append(early, { lines: [lineOf(2)], images: 0, inferences: 0 }),
      ).rejects.toMatchObject({ code: 'job.conflict' });
      await expect(imports.accept(early)).rejects.toMatchObject({ code: 'job.conflict' });
      const id = await running(lines(3));
      const claimed = await chunk(id, 1);
      expect(await imports.cancel(id)).toMatchObject({ state: 'cancelled' });
      expect(await imports.cancel(id)).toMatchObject({ state: 'cancelled' });
      await imports.settle(id, done(claimed), 0);
      expect(await imports.claim(id, 10, 60)).toEqual({ kind: 'over' });
      expect(await imports.find(id)).toMatchObject({ state: 'cancelled', progress: { done: 1 } });
    });

    test('broken off: what was received is listed, and nothing of it runs', async () => {
      const id = await received([...lines(2), bad(3)]);
      await imports.fail(id, { code: 'request.cancelled', detail: 'Broken off.' });
      expect(await imports.find(id)).toMatchObject({
        state: 'failed',
        error: { code: 'request.cancelled' },
        plan: { total: 3 },
      });
      expect(await imports.claim(id, 10, 60)).toEqual({ kind: 'over' });
      expect(jobsOf(id)).toEqual([]);
      expect(await imports.failures(id, 10, 0)).toMatchObject([
        { line: 3, productId: null, detail: '2 things are wrong.', errors: bad(3).problems },
      ]);
      expect(await imports.failedBodies(id, 10, 0)).toEqual([{ line: 3, body: 'no  json' }]);
    });

    test('a repeated line is free: the last one counts, in one batch and across two', async () => {
      const id = await received([
        lineOf(1, 'a', 'x'),
        lineOf(2, 'a', 'y'),
        lineOf(3, 'a', 'x'),
        lineOf(4, 'b', 'x'),
      ]);
      await imports.append(id, {
        lines: [lineOf(5, 'a', 'y'), lineOf(6, 'c', 'x')],
        images: 0,
        inferences: 0,
      });
      await imports.accept(id);
      await imports.plan(id, null);
      const claimed = await chunk(id);
      expect(claimed.lines.map(({ line }) => line)).toEqual([3, 4, 5, 6]);
      await imports.settle(id, done(claimed), 0);
      expect(await imports.find(id)).toMatchObject({
        state: 'finished',
        plan: { total: 6, repeated: 2 },
        progress: { done: 6, changed: 4, unchanged: 2 },
      });
    });

    test('a product is deleted: its lines go with it, and the import still ends', async () => {
      const product = `gone-${randomUUID()}`;
      const id = await running([lineOf(1, product), lineOf(2, product, 'other'), lineOf(3)]);
      await place.forget(product);
      const claimed = await chunk(id);
      expect(claimed.lines.map(({ line }) => line)).toEqual([3]);
      await imports.settle(id, done(claimed), 0);
      expect(await imports.find(id)).toMatchObject({
        state: 'finished',
        progress: { done: 3, changed: 1, unchanged: 2 },
      });
    });

    test('the same key is the same import for a day, unless that failed; another source is a conflict', async () => {
      const call = { scope: 'a', key: randomUUID() };
      const opening = () => ({ id: randomUUID(), source: { kind: 'body' } as const, dryRun: false, call });
      const both = await Promise.all([imports.open(opening()), imports.open(opening())]);
      expect(both.map(({ fresh }) => fresh).sort()).toEqual([false, true]);
      const { id } = both[0].found;
      expect(both[1].found.id).toBe(id);
      await expect(
        imports.open({ ...opening(), source: { kind: 'url', url: 'https://a.example/x' } }),
      ).rejects.toMatchObject({ code: 'idempotency.conflict' });
      await expect(imports.open({ ...opening(), dryRun: true })).rejects.toMatchObject({
        code: 'idempotency.conflict',
      });
      expect((await imports.open({ ...opening(), call: { ...call, scope: 'b' } })).fresh).toBe(true);
      await imports.fail(id, fault);
      expect((await imports.open(opening())).fresh).toBe(true);
    });

    test('a named source: one reads it, its query is not shown, and a fault that may pass brings it back', async () => {
      const id = randomUUID();
      const url = 'https://shop.example/all.ndjson?sig=hush';
      const { found } = await imports.open({ id, source: { kind: 'url', url }, dryRun: false, call: null });
      expect(found).toMatchObject({
        state: 'receiving',
        source: { kind: 'url', url: 'https://shop.example/all.ndjson' },
      });
      expect(jobsOf(id)).toEqual([0]);
      expect(await imports.claim(id, 10, 60)).toEqual({
        kind: 'fetch',
        source: { kind: 'url', url },
        tries: 1,
      });
      expect(await imports.claim(id, 10, 60)).toEqual({ kind: 'over' });
      await imports.append(id, { lines: lines(2), images: 4, inferences: 4 });
      await imports.restart(id, fault, 10);
      expect(jobsOf(id)).toEqual([0, 10]);
      expect(await imports.find(id)).toMatchObject({
        state: 'receiving',
        error: { code: fault.code },
        plan: { total: 0, images: 0 },
      });
      expect(await imports.claim(id, 10, 60)).toMatchObject({ kind: 'fetch', tries: 2 });
      await imports.append(id, { lines: lines(1), images: 0, inferences: 0 });
      await imports.accept(id);
      await imports.plan(id, null);
      expect(await imports.find(id)).toMatchObject({ state: 'running', error: null, plan: { total: 1 } });
    });

    test('nobody works on it any more: a body fails, a source is read anew, lines are free again', async () => {
      const body = await received(lines(1));
      const named = randomUUID();
      await imports.open({ id: named, source: { kind: 's3', uri: 's3://b/k' }, dryRun: false, call: null });
      await imports.claim(named, 10, 60);
      await imports.append(named, { lines: lines(2), images: 0, inferences: 0 });
      const lost = await running(lines(2));
      await chunk(lost);
      const paused = await running(lines(1));
      await imports.pause(paused);
      const ids = [body, named, lost, paused];
      await imports.wake(false);
      expect((await imports.find(body)).state).toBe('receiving');
      const before = ids.map((id) => jobsOf(id).length);
      for (const id of ids) await place.silence(id);
      await imports.wake(false);
      expect(ids.map((id, index) => jobsOf(id).length - before[index]!)).toEqual([0, 1, 2, 0]);
      expect(await imports.find(body)).toMatchObject({
        state: 'failed',
        error: { code: 'request.cancelled' },
      });
      expect(await imports.claim(named, 10, 60)).toMatchObject({ kind: 'fetch', tries: 2 });
      expect((await imports.find(named)).plan.total).toBe(0);
      expect((await chunk(lost)).lines).toHaveLength(2);
    });

    test('the list is newest first, page by page; lines that wait are counted', async () => {
      const ids = [await received([]), await received([]), await running(lines(2))].reverse();
      const first = await imports.list(2, null);
      expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
      const second = await imports.list(1, first.next);
      expect(second.items.map(({ id }) => id)).toEqual(ids.slice(2));
      expect(await imports.waiting()).toBeGreaterThanOrEqual(2);
      await expect(imports.find(randomUUID())).rejects.toMatchObject({ code: 'import.not_found' });
    });
  });
}
