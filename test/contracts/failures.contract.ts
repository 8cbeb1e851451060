/** What every store does with work that failed: kept with its request, listed newest first, queued again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Failure, FailurePosition, Failures } from '../../src/application/ports-failures.ts';
import type { AcceptedTagging } from '../../src/application/ports-work.ts';
import { taggingOf, type Workplace } from './work.contract.ts';

export interface Infirmary extends Workplace {
  readonly failures: Failures;
}

export function failuresContract(name: string, open: () => Promise<Infirmary>): void {
  describe(`failed work: ${name}`, () => {
    let place: Infirmary;
    const handed: string[] = [];
    beforeAll(async () => {
      place = await open();
      // Others were here before, where a database is shared.
      const { items } = await place.failures.list(200, null);
      for (const { productId } of items) await place.forget?.(productId);
      await place.queue.work(async ({ id }) => void handed.push(id), 2);
    });
    afterAll(async () => {
      await place?.queue.stop(5000);
      await place?.close();
    });
    const torn = { code: 'image.unreadable', detail: 'torn' } as const;
    let count = 0;
    async function fail(changes: Partial<AcceptedTagging> = {}): Promise<AcceptedTagging> {
      const { request } = taggingOf(`failed-${++count}`);
      const images = request.images.slice(1);
      const tagging = taggingOf(request.productId, { request: { ...request, images }, ...changes });
      await place.operations.accept(tagging);
      await place.operations.begin(tagging.operationId);
      await place.operations.end(tagging.operationId, { error: torn });
      // Time passes between two that are told apart by it.
      await new Promise((resolve) => setTimeout(resolve, 3));
      return tagging;
    }
    async function all(limit: number): Promise<readonly Failure[]> {
      const found: Failure[] = [];
      let after: FailurePosition | null = null;
      do {
        const { items, next } = await place.failures.list(limit, after);
        expect(items.length).toBeLessThanOrEqual(limit);
        found.push(...items);
        after = next;
      } while (after);
      return found;
    }

    test('listed newest first, each once, whatever the size of a page; done work is not', async () => {
      const failed: string[] = [];
      for (let n = 0; n < 5; n++) {
        // The embedded clock counts milliseconds: what comes in one has no order.
        await sleep(2);
        failed.unshift((await fail()).operationId);
      }
      const done = taggingOf('done');
      await place.operations.accept(done);
      await place.operations.begin(done.operationId);
      await place.operations.end(done.operationId, { revision: 1 });
      for (const limit of [1, 2, 5, 200]) expect((await all(limit)).map(({ id }) => id)).toEqual(failed);
      const [newest] = await all(200);
      expect(newest).toMatchObject({
        source: 'requests',
        productId: `failed-${count}`,
        error: torn,
        attempts: 1,
      });
      expect(Date.parse(newest!.failedAt)).toBeGreaterThanOrEqual(Date.parse(newest!.createdAt));
      expect(await place.failures.count()).toEqual(new Map([['requests', 5]]));
      await expect(place.failures.retry(done.operationId)).rejects.toMatchObject({
        code: 'operation.conflict',
        message: expect.stringContaining('done'),
      });
    });

    test('tried again: as it was asked, in its old place, with all its attempts; once', async () => {
      const tagging = await fail({ sequence: 42 });
      const { operationId: id } = tagging;
      await vi.waitFor(() => expect(handed).toContain(id), 10_000);
      handed.length = 0;
      const both = await Promise.allSettled([place.failures.retry(id), place.failures.retry(id)]);
      place.queue.notify();
      expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const [{ value }] = both.filter((one) => one.status === 'fulfilled') as [
        PromiseFulfilledResult<unknown>,
      ];
      expect(value).toMatchObject({ id, state: 'queued', attempts: 0, error: null });
      await vi.waitFor(() => expect(handed).toEqual([id]), 10_000);
      const begun = await place.operations.begin(id);
      expect(begun).toMatchObject({ attempts: 1, work: { tagging: { sequence: 42 } } });
      if (begun?.work.kind !== 'tagging') throw new Error('it is a tagging');
      const [fault, picture] = begun.work.tagging.request.images.map(({ content }) => content);
      expect(fault).toMatchObject({ code: 'image.too_large' });
      expect([...(picture as Uint8Array)]).toEqual([1, 2, 3]);
      expect((await all(200)).map((failure) => failure.id)).not.toContain(id);
    });

    test('unknown; and gone with its product', async () => {
      const unknown = '11111111-1111-4111-8111-111111111111';
      await expect(place.failures.retry(unknown)).rejects.toMatchObject({ code: 'operation.not_found' });
      if (!place.forget) return;
      const { operationId, request } = await fail();
      await place.forget(request.productId);
      await expect(place.failures.retry(operationId)).rejects.toMatchObject({ code: 'operation.not_found' });
      expect((await all(200)).map(({ id }) => id)).not.toContain(operationId);
    });
  });
}
