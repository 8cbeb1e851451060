/** What every store does with events: true and told are one, in an order that no reader can miss, to each who asked. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SqlStore } from '../../src/adapters/store/sql-store.ts';
import type { Claim, ClaimedDelivery, Outcome } from '../../src/application/ports-outgoing.ts';
import { decided, writeOf } from './sample-tags.ts';
import { taggingOf } from './work.contract.ts';

interface Envelope {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Record<string, unknown> & { readonly productId: string; readonly revision: number };
}

const attempt = { at: '2026-11-23T09:00:00.000Z', status: 500, error: 'no', ms: 3, answer: 'a \u0000' };

export function outgoingContract(name: string, open: () => Promise<SqlStore>): void {
  describe(`outgoing events: ${name}`, () => {
    let store: SqlStore;
    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store?.close());
    const fresh = () => `sku-${randomUUID()}`;

    /** Everything after a position, page by page. */
    async function news(
      after: number | null = null,
      limit = 200,
    ): Promise<{ events: Envelope[]; end: number }> {
      const { feed } = store.outgoing;
      await feed.place();
      const events: Envelope[] = [];
      for (let from = after; ; ) {
        const page = await feed.read(from, limit);
        if (!page) throw new Error('the position is known');
        events.push(...page.bodies.map((body) => JSON.parse(body) as Envelope));
        from = page.position;
        if (page.bodies.length < limit) return { events, end: from };
      }
    }
    const end = async () => (await news()).end;

    async function subscribe(rest: { maxPerSecond?: number; events?: 'product.deleted'[] } = {}) {
      const id = randomUUID();
      await store.outgoing.subscriptions.add(
        {
          id,
          url: 'https://shop.example.com/',
          events: rest.events ?? ['product.tagged', 'product.deleted'],
          maxPerSecond: rest.maxPerSecond ?? null,
          sealedSecret: new Uint8Array([0, 1, 255]),
        },
        100,
      );
      return id;
    }
    async function claimed(id: string, limit = 10, leaseMs = 60_000): Promise<Claim> {
      const claim = await store.outgoing.deliveries.claim(id, limit, leaseMs);
      if (!claim) throw new Error('something is due');
      return claim;
    }
    const settle = (id: string, one: ClaimedDelivery, outcome: Outcome) =>
      store.outgoing.deliveries.settle(id, one, attempt, outcome);
    const again: Outcome = { kind: 'again', after: 0, rest: 0 };
    const failed: Outcome = { kind: 'failed', sustained: 'nothing works' };

    describe('the feed', () => {
      test('a revision is told, with what it changed; none is not', async () => {
        const from = await end();
        const id = fresh();
        const causeId = randomUUID();
        await store.saveTags(writeOf(id, { title: 'A \u0000 title \ud800' }, { cause: 'webhook', causeId }));
        await store.saveTags(writeOf(id, {}, { decide: (current) => ({ tagSet: current!, revise: false }) }));
        await store.saveTags(writeOf(id, {}, { decide: () => null }));
        await store.saveTags(writeOf(id, { attributes: { color: decided('red') } }, { cause: 'review' }));
        const { events } = await news(from);
        expect(events.map(({ data }) => [data.productId, data.revision, data.cause, data.causeId])).toEqual([
          [id, 1, 'webhook', causeId],
          [id, 2, 'review', null],
        ]);
        expect(events[0]?.data).toMatchObject({
          tagSet: { title: 'A \u0000 title \ud800', tags: expect.any(Array) },
        });
        expect(events[1]?.data.changes).toMatchObject([
          { attribute: 'color', before: { values: ['navy'] }, after: { values: ['red'] } },
          { attribute: 'pattern', after: null },
          { attribute: 'sleeve-length', after: null },
        ]);
        expect(new Date(events[0]!.timestamp).toISOString()).toBe(events[0]?.timestamp);
      });

      test('what is not committed is not told', async () => {
        const from = await end();
        const id = fresh();
        const broken = writeOf(id, {}, { call: { scope: '', key: randomUUID(), content: 'a' } });
        await store.saveTags(broken);
        const other = { ...broken, call: { ...broken.call!, content: 'b' } };
        await expect(store.saveTags(other)).rejects.toMatchObject({ code: 'idempotency.conflict' });
        expect((await news(from)).events.map(({ data }) => data.revision)).toEqual([1]);
      });

      test('a deletion is told, and what was told before is gone; an unknown product’s is not', async () => {
        const from = await end();
        const [id, other] = [fresh(), fresh()];
        await store.saveTags(writeOf(id));
        await store.saveTags(writeOf(other));
        const before = await news(from);
        await store.saveTags(writeOf(id));
        await store.deleteProduct(id);
        await store.deleteProduct(fresh());
        await store.deleteProduct(id);
        const told = (events: Envelope[]) => events.map(({ type, data }) => [type, data.productId]);
        expect(told((await news(from)).events)).toEqual([
          ['product.tagged', other],
          ['product.deleted', id],
        ]);
        expect(told((await news(before.end)).events)).toEqual([['product.deleted', id]]);
      });

      test('withdrawn by its shop and restored: told both times, the second time with everything', async () => {
        const after = await end();
        const id = fresh();
        const event = { type: 'product.deleted', productId: id, at: null } as const;
        await store.saveTags(writeOf(id, { attributes: { color: decided('navy') } }));
        const moment = { at: new Date().toISOString(), sequence: await store.nextSequence() };
        const view = await store.catalog.fold({ productId: id, source: 'catalog', event, moment });
        await store.catalog.withdraw(id, view!.version);
        await store.catalog.restore(id, new Date().toISOString());
        const { events } = await news(after);
        const mine = events.filter(({ data }) => data.productId === id);
        expect(mine.map(({ type, data }) => [type, data.cause, data.revision])).toEqual([
          ['product.tagged', 'request', 1],
          ['product.deleted', undefined, undefined],
          ['product.tagged', 'restore', 1],
        ]);
        expect(mine[2]!.data.changes).toEqual(mine[0]!.data.changes);
      });

      test('accepted work that fails is told once', async () => {
        const from = await end();
        const operations = store.operations(async () => {});
        const tagging = taggingOf(fresh());
        const { operationId } = tagging;
        const error = { code: 'image.unreadable', detail: 'torn \u0000' } as const;
        await operations.accept(tagging);
        await operations.begin(operationId);
        await operations.end(operationId, { error });
        await operations.end(operationId, { error });
        const fine = taggingOf(fresh());
        await operations.accept(fine);
        await operations.end(fine.operationId, { revision: 3 });
        expect((await news(from)).events).toMatchObject([
          {
            type: 'product.tag_failed',
            data: { productId: tagging.request.productId, operationId, cause: 'request', error },
          },
        ]);
      });

      test('pages fit together, and the end is a place to go on from', async () => {
        const from = await end();
        const ids = Array.from({ length: 7 }, fresh);
        for (const id of ids) await store.saveTags(writeOf(id));
        const { events, end: last } = await news(from, 3);
        expect(events.map(({ data }) => data.productId)).toEqual(ids);
        expect(await news(last)).toEqual({ events: [], end: last });
        await store.saveTags(writeOf(ids[0]!));
        expect((await news(last)).events.map(({ data }) => data.revision)).toEqual([2]);
        // Nobody was given such a position.
        expect(await store.outgoing.feed.read(last + 1000, 10)).toBeNull();
      });

      test('writers beside a reader: each product in its own order, nothing missed, nothing twice', async () => {
        const from = await end();
        const ids = Array.from({ length: 6 }, fresh);
        const each = 8;
        let writing = true;
        const writers = ids.map(async (id) => {
          for (let turn = 0; turn < each; turn++) await store.saveTags(writeOf(id));
        });
        const seen: Envelope[] = [];
        const reader = (async () => {
          for (let at = from, last = false; ; ) {
            const stop = last;
            const { events, end: to } = await news(at, 5);
            seen.push(...events);
            at = to;
            if (stop) return;
            last = !writing;
          }
        })();
        await Promise.all(writers);
        writing = false;
        await reader;
        expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
        for (const id of ids)
          expect(seen.filter(({ data }) => data.productId === id).map(({ data }) => data.revision)).toEqual(
            Array.from({ length: each }, (_, index) => index + 1),
          );
      }, 60_000);
    });

    describe('deliveries', () => {
      test('go to those who asked for the type, oldest first, and are one sender’s at a time', async () => {
        const [all, deletions] = [await subscribe(), await subscribe({ events: ['product.deleted'] })];
        const [a, b] = [fresh(), fresh()];
        await store.saveTags(writeOf(a));
        await store.saveTags(writeOf(b));
        await store.outgoing.feed.place();
        const claim = await claimed(all, 1);
        expect(claim).toMatchObject({ url: 'https://shop.example.com/', subscriptionId: all });
        expect([...claim.sealedSecret]).toEqual([0, 1, 255]);
        const rest = await claimed(all);
        const told = [...claim.deliveries, ...rest.deliveries].map(
          ({ body }) => JSON.parse(body).data.productId,
        );
        expect(told).toEqual([a, b]);
        expect(await store.outgoing.deliveries.claim(all, 10, 1000)).toBeNull();
        expect(await store.outgoing.deliveries.claim(deletions, 10, 1000)).toBeNull();
        expect(
          (await store.outgoing.deliveries.due()).some(({ subscriptionId }) => subscriptionId === deletions),
        ).toBe(false);
        await settle(all, claim.deliveries[0]!, { kind: 'delivered' });
        const log = await store.outgoing.deliveries.list({
          subscription: all,
          state: null,
          limit: 9,
          after: null,
        });
        expect(log.map(({ state, attempts }) => [state, attempts.length])).toEqual([
          ['waiting', 0],
          ['delivered', 1],
        ]);
        expect(log[1]).toMatchObject({ type: 'product.tagged', attempts: [attempt], nextAt: null });
        const next = await store.outgoing.deliveries.list({
          subscription: all,
          state: null,
          limit: 9,
          after: log[0]!,
        });
        expect(next.map(({ id }) => id)).toEqual([log[1]!.id]);
      });

      test('a sender that is silent is followed by another, whose word counts', async () => {
        const id = await subscribe();
        await store.saveTags(writeOf(fresh()));
        await store.outgoing.feed.place();
        const first = await claimed(id, 1, 50);
        await new Promise((resolve) => setTimeout(resolve, 100));
        const second = await claimed(id);
        expect(second.deliveries).toMatchObject([
          {
            id: first.deliveries[0]!.id,
            eventId: first.deliveries[0]!.eventId,
            body: first.deliveries[0]!.body,
          },
        ]);
        await settle(id, first.deliveries[0]!, failed);
        expect(await store.outgoing.subscriptions.find(id)).toMatchObject({ waiting: 1, failed: 0 });
        await settle(id, second.deliveries[0]!, { kind: 'delivered' });
        expect(await store.outgoing.subscriptions.find(id)).toMatchObject({ waiting: 0, failed: 0 });
      });

      test('tried again, given back, used up: disabled only where nothing else succeeded', async () => {
        const id = await subscribe();
        for (let turn = 0; turn < 3; turn++) await store.saveTags(writeOf(fresh()));
        await store.outgoing.feed.place();
        const [one, two, three] = (await claimed(id)).deliveries;
        await settle(id, one!, again);
        const [retried] = (await claimed(id)).deliveries;
        expect(retried).toMatchObject({ id: one!.id, tried: 1 });
        await store.outgoing.deliveries.release(retried!, 0);
        expect((await claimed(id)).deliveries).toMatchObject([{ id: one!.id, tried: 1 }]);
        await settle(id, two!, { kind: 'delivered' });
        expect(await settle(id, three!, failed)).toBe(false);
        expect(await store.outgoing.subscriptions.find(id)).toMatchObject({ state: 'active', failed: 1 });

        expect(await store.outgoing.deliveries.retry(three!.id)).toBe(true);
        const [anew] = (await claimed(id)).deliveries;
        expect(anew).toMatchObject({ id: three!.id, tried: 0 });
        expect(await settle(id, anew!, failed)).toBe(true);
        expect(await store.outgoing.subscriptions.find(id)).toMatchObject({
          state: 'disabled',
          reason: 'nothing works',
        });
        expect(await store.outgoing.deliveries.retry(randomUUID())).toBe(false);
      });

      test('gone: disabled at once; enabled, what waited goes on', async () => {
        const id = await subscribe();
        for (let turn = 0; turn < 2; turn++) await store.saveTags(writeOf(fresh()));
        await store.outgoing.feed.place();
        const [one, two] = (await claimed(id)).deliveries;
        await settle(id, two!, { kind: 'again', after: 3600, rest: 0 });
        expect(await settle(id, one!, { kind: 'gone', reason: 'no more' })).toBe(true);
        const before = await store.outgoing.subscriptions.find(id);
        expect(before).toMatchObject({ state: 'disabled', reason: 'no more', waiting: 1, failed: 1 });
        // Nothing is put down for it meanwhile, and nothing is sent.
        await store.saveTags(writeOf(fresh()));
        await store.outgoing.feed.place();
        expect(await store.outgoing.deliveries.claim(id, 10, 1000)).toBeNull();
        expect(await store.outgoing.subscriptions.enable(id)).toBe(true);
        expect((await claimed(id)).deliveries).toMatchObject([{ id: two!.id, tried: 0 }]);
        expect(await store.outgoing.subscriptions.find(id)).toMatchObject({ state: 'active', reason: null });
        expect(await store.outgoing.subscriptions.enable(randomUUID())).toBe(false);
      });

      test('no more in a second than was asked for, and a pause where the receiver asks for one', async () => {
        const id = await subscribe({ maxPerSecond: 2 });
        for (let turn = 0; turn < 3; turn++) await store.saveTags(writeOf(fresh()));
        await store.outgoing.feed.place();
        const { deliveries } = store.outgoing;
        const [one] = (await claimed(id)).deliveries;
        const wait = async () =>
          (await deliveries.due()).find(({ subscriptionId }) => subscriptionId === id)?.inMs;
        expect(await deliveries.claim(id, 10, 1000)).toBeNull();
        expect(await wait()).toBeGreaterThan(0);
        expect(await wait()).toBeLessThanOrEqual(500);
        await settle(id, one!, { kind: 'again', after: 0, rest: 60 });
        expect(await wait()).toBeGreaterThan(50_000);
      });

      test('go with their product, and with their subscription', async () => {
        const id = await subscribe();
        const product = fresh();
        await store.saveTags(writeOf(product));
        await store.saveTags(writeOf(product));
        await store.outgoing.feed.place();
        const [one] = (await claimed(id, 1)).deliveries;
        await store.deleteProduct(product);
        expect(await settle(id, one!, failed)).toBe(false);
        await store.outgoing.feed.place();
        const left = (await claimed(id)).deliveries;
        expect(left.map(({ body }) => JSON.parse(body).type)).toEqual(['product.deleted']);
        await store.outgoing.subscriptions.remove(id);
        expect(await settle(id, left[0]!, failed)).toBe(false);
        expect(await store.outgoing.subscriptions.find(id)).toBeNull();
        await store.outgoing.subscriptions.remove(id);
      });

      test('so many subscriptions and no more', async () => {
        const many = await store.outgoing.subscriptions.list();
        const wish = { id: randomUUID(), url: 'https://x.example/', events: [], maxPerSecond: null };
        const add = (most: number) =>
          store.outgoing.subscriptions.add({ ...wish, sealedSecret: new Uint8Array(1) }, most);
        expect(await add(many.length)).toBe(false);
        expect(await add(many.length + 1)).toBe(true);
        expect(await store.outgoing.subscriptions.anySealed()).not.toBeNull();
      });
    });
  });
}
