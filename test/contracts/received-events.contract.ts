/** What every database does with events that come in: each is accepted once, durably, with its operation and its job. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { SqlStore } from '../../src/adapters/store/sql-store.ts';
import type { IncomingEvent, ReceivedEvents } from '../../src/application/ports-catalog.ts';
import type { Job } from '../../src/application/ports-work.ts';
import type { CatalogEvent } from '../../src/domain/events/catalog-event.ts';
import { upsert } from '../domain/events/sample-events.ts';
import { sha256, writeOf } from './sample-tags.ts';

export interface Gate {
  readonly store: SqlStore;
  readonly received: ReceivedEvents;
  /** Jobs in the queue, in any state. */
  jobs(): Promise<readonly Job[]>;
  close(): Promise<void>;
}

export function receivedEventsContract(name: string, open: () => Promise<Gate>): void {
  describe(`events accepted: ${name}`, () => {
    let gate: Gate;
    beforeAll(async () => {
      gate = await open();
    });
    afterAll(() => gate?.close());
    const fresh = () => `sku-${randomUUID()}`;
    const incoming = (event: CatalogEvent, more: Partial<IncomingEvent> = {}): IncomingEvent => ({
      operationId: randomUUID(),
      source: 'shopify',
      eventId: randomUUID(),
      bodyHash: sha256(randomUUID()),
      event,
      ...more,
    });
    const said = (productId: string, at: string | null = '2026-11-20T10:00:00.000Z') =>
      upsert({ productId, at, title: 'a \u0000 title' });
    const deletion = (productId: string): CatalogEvent => ({ type: 'product.deleted', productId, at: null });
    async function accept(...events: IncomingEvent[]) {
      return gate.received.accept(events);
    }
    const statuses = async (...events: IncomingEvent[]) =>
      (await accept(...events)).map(({ status }) => status);

    test('with its operation and its job', async () => {
      const { begin, find } = gate.store.operations(async () => {});
      const event = incoming(said(fresh()));
      expect(await accept(event)).toEqual([{ operationId: event.operationId, status: 'accepted' }]);
      expect(await find(event.operationId)).toMatchObject({
        state: 'queued',
        productId: event.event.productId,
      });
      expect(await gate.jobs()).toContainEqual({ source: 'shopify', id: event.operationId });
      expect(await begin(event.operationId)).toMatchObject({
        work: { kind: 'event', accepted: { source: 'shopify', event: event.event } },
      });
    });

    test('again by its id or by its body: a duplicate, which leaves nothing behind', async () => {
      const first = incoming(said(fresh()));
      const replayed = incoming(first.event, { bodyHash: first.bodyHash });
      const renamed = incoming(first.event, { eventId: first.eventId });
      await accept(first);
      const duplicate = { operationId: first.operationId, status: 'duplicate' };
      expect(await accept(replayed, renamed)).toEqual([duplicate, duplicate]);
      // The id beside a replayed body is not burned: its own event is still to come.
      expect(await statuses(incoming(said(fresh()), { eventId: replayed.eventId }))).toEqual(['accepted']);
      // Another shop may have the same names.
      expect(await statuses({ ...first, operationId: randomUUID(), source: 'catalog' })).toEqual([
        'accepted',
      ]);
      expect((await gate.jobs()).filter(({ id }) => id === first.operationId)).toHaveLength(1);
    });

    test('many at once, of which some come twice', async () => {
      const one = incoming(said(fresh()), { eventId: null });
      const others = Array.from({ length: 20 }, () => incoming(said(fresh())));
      const again = { ...one, operationId: randomUUID() };
      const batch = await accept(one, ...others, again);
      expect(batch.at(-1)).toEqual({ operationId: one.operationId, status: 'duplicate' });
      expect(batch.filter(({ status }) => status === 'accepted')).toHaveLength(21);
      const racing = Array.from({ length: 6 }, () => incoming(one.event, { bodyHash: sha256('race') }));
      const all = await Promise.all(racing.map((event) => accept(event)));
      expect(all.flat().filter(({ status }) => status === 'accepted')).toHaveLength(1);
      expect(new Set(all.flat().map(({ operationId }) => operationId)).size).toBe(1);
    });

    test('in the order in which they came, also within one group', async () => {
      const id = fresh();
      const events = [said(id, null), deletion(id), said(id, null)].map((event) => incoming(event));
      await accept(...events);
      const { begin } = gate.store.operations(async () => {});
      const begun = await Promise.all(events.map(({ operationId }) => begin(operationId)));
      const places = begun.map((one) =>
        one?.work.kind === 'event' ? one.work.accepted.sequence : Number.NaN,
      );
      expect([...places].sort((a, b) => a - b)).toEqual(places);
    });

    test('deleted, made again, and deleted with the same body: that is a new deletion', async () => {
      const id = fresh();
      const bodyHash = sha256(`{"id":"${id}"}`);
      const gone = () => incoming(deletion(id), { bodyHash });
      expect(await statuses(gone(), gone())).toEqual(['accepted', 'duplicate']);
      expect(await statuses(incoming(said(id)))).toEqual(['accepted']);
      expect(await statuses(gone(), gone(), gone())).toEqual(['accepted', 'duplicate', 'duplicate']);
      // What says its own time is known by it: an old one is no news.
      const old = { bodyHash: sha256(`old ${id}`) };
      expect(await statuses(incoming(said(id), old), incoming(said(id)), incoming(said(id), old))).toEqual([
        'accepted',
        'accepted',
        'duplicate',
      ]);
    });

    test('deleted, brought back by an admin or a request, and deleted again', async () => {
      const id = fresh();
      const { catalog, store } = { catalog: gate.store.catalog, store: gate.store };
      const gone = () => incoming(deletion(id), { bodyHash: sha256(`{"id":"${id}"}`) });
      const withdraw = async () => {
        const sequence = await store.nextSequence();
        const moment = { at: new Date().toISOString(), sequence };
        const view = await catalog.fold({ productId: id, source: 'shopify', event: deletion(id), moment });
        await catalog.withdraw(id, view!.version);
      };
      await store.saveTags(writeOf(id));
      await withdraw();
      expect(await statuses(gone(), gone())).toEqual(['accepted', 'duplicate']);
      await catalog.restore(id, new Date().toISOString());
      expect(await statuses(gone(), gone())).toEqual(['accepted', 'duplicate']);
      await withdraw();
      await store.saveTags(
        writeOf(id, {}, { input: { sequence: await store.nextSequence(), attributes: null } }),
      );
      expect(await statuses(gone(), gone())).toEqual(['accepted', 'duplicate']);
    });

    test('one that the database refuses takes nothing of its group with it', async () => {
      const good = incoming(said(fresh()));
      const bad = incoming(said(fresh()), { eventId: 'a \u0000 in it' });
      await expect(accept(good, bad)).rejects.toThrow();
      expect(await statuses(good)).toEqual(['accepted']);
    });

    test('its product forgotten: the operation goes, and a repetition is still one', async () => {
      const event = incoming(said(fresh()));
      await accept(event);
      await gate.store.deleteProduct(event.event.productId);
      expect(await gate.store.operations(async () => {}).find(event.operationId)).toBeNull();
      expect(await accept({ ...event, operationId: randomUUID() })).toEqual([
        { operationId: event.operationId, status: 'duplicate' },
      ]);
      const { rows } = await gate.store.execute(
        'select product_id from received_events where operation_id = $1',
        [event.operationId],
      );
      expect(rows).toEqual([{ product_id: '' }]);
    });

    test('after its days it is forgotten', async () => {
      const event = incoming(said(fresh()));
      await accept(event);
      expect(await gate.received.forget(1)).toBe(0);
      await gate.store.execute(
        `update received_events set received_at = now() - interval '25 hours' where operation_id = $1`,
        [event.operationId],
      );
      expect(await gate.received.forget(1)).toBe(1);
      expect(await statuses({ ...event, operationId: randomUUID() })).toEqual(['accepted']);
    });

    test('withdrawn for longer than it can be restored: forgotten, with its pictures', async () => {
      const id = fresh();
      const { store } = gate;
      await store.saveTags(writeOf(id));
      const moment = { at: new Date().toISOString(), sequence: await store.nextSequence() };
      const view = await store.catalog.fold({
        productId: id,
        source: 'shopify',
        event: deletion(id),
        moment,
      });
      await store.catalog.withdraw(id, view!.version);
      await store.execute(
        `update products set withdrawn_at = now() - interval '31 days' where product_id = $1`,
        [id],
      );
      expect(await store.catalog.restore(id, new Date().toISOString())).toBeNull();
      await vi.waitFor(async () => expect(await store.catalog.forgetWithdrawn(5)).toEqual([[sha256(id)]]));
      expect(await store.catalog.find(id)).toBeNull();
      expect((await store.saveTags(writeOf(id))).revision).toBe(2);
    });
  });
}
