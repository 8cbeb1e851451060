/** What every pair of operations and queue does: accepted means durable and handed out, until it is over. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AcceptedTagging, Job, Operations, WorkQueue } from '../../src/application/ports-work.ts';
import { HangtagError } from '../../src/domain/errors.ts';
import { sha256 } from './sample-tags.ts';

export interface Workplace {
  readonly operations: Operations;
  readonly queue: WorkQueue;
  /** Forgets a product with its work; absent where there is no store around. */
  readonly forget?: (productId: string) => Promise<unknown>;
  close(): Promise<void>;
}

/** Larger than one part, so that parts have an order to keep. */
const large = new Uint8Array(2 ** 21 + 17).map((_, i) => (i * 31 + (i >> 8)) % 256);

export function taggingOf(productId: string, changes: Partial<AcceptedTagging> = {}): AcceptedTagging {
  const words = { view: 'front', variant: null, ref: 'a-1' };
  return {
    operationId: randomUUID(),
    sequence: 7,
    call: null,
    request: {
      productId,
      images: [
        { content: large, ...words },
        { content: new HangtagError('image.too_large', 'It is huge.'), ...words },
        { content: new Uint8Array([1, 2, 3]), ...words, variant: 'red' },
      ],
      category: 'dress',
      title: 'A \u0000 title',
      attributes: ['color'],
      explain: false,
      store: true,
    },
    ...changes,
  };
}

export function workContract(name: string, open: () => Promise<Workplace>): void {
  describe(`accepted work: ${name}`, () => {
    let place: Workplace;
    const done: Job[] = [];
    let handle: (job: Job) => Promise<void> = async () => {};
    beforeAll(async () => {
      place = await open();
      await place.queue.work(async (job) => {
        await handle(job);
        done.push(job);
      }, 2);
    });
    afterAll(async () => {
      await place?.queue.stop(5000);
      await place?.close();
    });
    const fresh = () => `sku-${randomUUID()}`;
    const handedOut = (id: string) => done.filter((job) => job.id === id).length;
    async function accept(tagging: AcceptedTagging) {
      const operation = await place.operations.accept(tagging);
      place.queue.notify();
      return operation;
    }

    test('accepted: queued, and handed out soon', async () => {
      const tagging = taggingOf(fresh());
      const operation = await accept(tagging);
      expect(operation).toMatchObject({
        id: tagging.operationId,
        productId: tagging.request.productId,
        state: 'queued',
        revision: null,
        error: null,
        attempts: 0,
      });
      await vi.waitFor(() => expect(handedOut(operation.id)).toBe(1), 10_000);
    });

    test('begun: the request as it was, pictures, faults and words', async () => {
      const tagging = taggingOf(fresh());
      await accept(tagging);
      const begun = await place.operations.begin(tagging.operationId);
      expect(begun).toMatchObject({
        attempts: 1,
        work: { kind: 'tagging', tagging: { sequence: 7, call: null } },
      });
      if (begun?.work.kind !== 'tagging') throw new Error('it is a tagging');
      const { images, ...words } = begun.work.tagging.request;
      const { images: sent, ...said } = tagging.request;
      expect(words).toEqual(said);
      expect(images.map(({ content: _, ...rest }) => rest)).toEqual(
        sent.map(({ content: _, ...rest }) => rest),
      );
      expect(sha256(Buffer.from(images[0]!.content as Uint8Array).toString('hex'))).toBe(
        sha256(Buffer.from(sent[0]!.content as Uint8Array).toString('hex')),
      );
      expect(images[1]!.content).toMatchObject({ code: 'image.too_large', message: 'It is huge.' });
      expect([...(images[2]!.content as Uint8Array)]).toEqual([1, 2, 3]);
    });

    test('put off, begun again, ended: the state says so, and nothing is left to do', async () => {
      const tagging = taggingOf(fresh());
      const { operationId: id } = tagging;
      const { begin, end, find, postpone } = place.operations;
      await accept(tagging);
      await begin(id);
      await postpone(id, { code: 'store.unavailable', detail: 'away' });
      expect(await find(id)).toMatchObject({ state: 'queued', attempts: 1, error: { detail: 'away' } });
      expect(await begin(id)).toMatchObject({ attempts: 2 });
      expect(await find(id)).toMatchObject({ state: 'running' });
      await end(id, { revision: 4 });
      expect(await find(id)).toMatchObject({ state: 'done', revision: 4, error: null, attempts: 2 });
      expect(await begin(id)).toBeNull();
    });

    test('held: no attempt is counted, and it is handed out again, later', async () => {
      const tagging = taggingOf(fresh());
      const { operationId: id } = tagging;
      const { begin, end, find, hold } = place.operations;
      const away = { code: 'inference.unavailable', detail: 'away' } as const;
      const turns: number[] = [];
      handle = async (job) => {
        if (job.id !== id) return;
        turns.push(performance.now());
        // Held before it was begun, then after, then done.
        if (turns.length === 2) await begin(id);
        if (turns.length < 3) await hold(id, away, 1);
        else await end(id, { revision: 2 });
      };
      await accept(tagging);
      await vi.waitFor(
        async () => expect(await find(id)).toMatchObject({ state: 'queued', attempts: 0, error: away }),
        10_000,
      );
      await vi.waitFor(async () => expect(await find(id)).toMatchObject({ state: 'done', attempts: 0 }), {
        timeout: 20_000,
      });
      expect(turns).toHaveLength(3);
      for (const [turn, at] of turns.entries())
        if (turn > 0) expect(at - turns[turn - 1]!).toBeGreaterThan(900);
      // What is over is held no more.
      await hold(id, away, 0);
      expect(await find(id)).toMatchObject({ state: 'done', error: null });
      handle = async () => {};
    }, 40_000);

    test('ended with a fault', async () => {
      const tagging = taggingOf(fresh());
      await accept(tagging);
      await place.operations.begin(tagging.operationId);
      await place.operations.end(tagging.operationId, {
        error: { code: 'image.unreadable', detail: 'torn' },
      });
      expect(await place.operations.find(tagging.operationId)).toMatchObject({
        state: 'failed',
        revision: null,
        error: { code: 'image.unreadable', detail: 'torn' },
      });
      expect(await place.operations.begin(tagging.operationId)).toBeNull();
    });

    test('unknown work', async () => {
      expect(await place.operations.find(randomUUID())).toBeNull();
      expect(await place.operations.begin(randomUUID())).toBeNull();
    });

    test('a job that fails comes again, and others are not held up', async () => {
      const bad = taggingOf(fresh());
      let tries = 0;
      handle = async ({ id }) => {
        if (id === bad.operationId && ++tries < 2) throw new Error('not today');
      };
      await accept(bad);
      const others = Array.from({ length: 12 }, () => taggingOf(fresh()));
      await Promise.all(others.map(accept));
      await vi.waitFor(
        () => expect(others.map(({ operationId }) => handedOut(operationId))).toEqual(others.map(() => 1)),
        15_000,
      );
      await vi.waitFor(() => expect([tries, handedOut(bad.operationId)]).toEqual([2, 1]), 15_000);
      handle = async () => {};
    }, 40_000);

    test('the same call twice is one piece of work; other content is a conflict', async () => {
      if (!place.forget) return;
      const call = { scope: '', key: randomUUID(), content: sha256('a') };
      const first = await accept(taggingOf(fresh(), { call }));
      const second = await accept(taggingOf(first.productId, { call }));
      expect(second.id).toBe(first.id);
      const other = taggingOf(first.productId, { call: { ...call, content: sha256('b') } });
      await expect(accept(other)).rejects.toMatchObject({ code: 'idempotency.conflict' });
      expect(await place.operations.find(other.operationId)).toBeNull();
      await place.forget(first.productId);
      expect(await place.operations.find(first.id)).toBeNull();
      expect(await place.operations.begin(first.id)).toBeNull();
    });
  });
}
