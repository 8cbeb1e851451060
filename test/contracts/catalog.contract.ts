/** What every store keeps of shops' statements, and of products that a shop withdrew. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProductQuery, Store } from '../../src/application/ports.ts';
import type { CatalogProducts } from '../../src/application/ports-catalog.ts';
import type { CatalogEvent, CatalogUpsert } from '../../src/domain/events/catalog-event.ts';
import { upsert } from '../domain/events/sample-events.ts';
import { sha256, tagSetOf, writeOf } from './sample-tags.ts';

export interface Shelf {
  readonly store: Store;
  readonly catalog: CatalogProducts;
}

const everything: ProductQuery = {
  categories: null,
  tags: [],
  review: null,
  failed: false,
  sort: 'updated',
  limit: 200,
  after: null,
};

export function catalogContract(name: string, open: () => Promise<Shelf>): void {
  describe(`what shops say: ${name}`, () => {
    let store: Store;
    let catalog: CatalogProducts;
    beforeAll(async () => {
      ({ store, catalog } = await open());
    });
    afterAll(() => store?.close());
    const fresh = () => `sku-${randomUUID()}`;

    async function say(productId: string, event: Partial<CatalogUpsert> | 'deleted', at?: string) {
      const sequence = await store.nextSequence();
      const said: CatalogEvent =
        event === 'deleted'
          ? { type: 'product.deleted', productId, at: null }
          : upsert({ productId, ...event });
      const moment = { at: at ?? new Date().toISOString(), sequence };
      return catalog.fold({ productId, source: 'catalog', event: said, moment });
    }
    const later = () => new Date(Date.now() + 60_000).toISOString();

    test('is folded; what changes nothing makes no version', async () => {
      const id = fresh();
      expect(await catalog.find(id)).toBeNull();
      expect(await say(id, { title: 'a' })).toMatchObject({ version: 1, tagSet: null, withdrawn: null });
      const second = await say(id, { category: 'dress' });
      expect(second?.version).toBe(2);
      expect([second?.state.title?.value, second?.state.category?.value]).toEqual(['a', 'dress']);
      expect((await say(id, { title: 'old' }, '2020-01-01T00:00:00.000Z'))?.state.title?.value).toBe('a');
      expect(await catalog.find(id)).toMatchObject({ state: { title: { value: 'a' } } });
    });

    test('said at once, all of it is there', async () => {
      const id = fresh();
      const names = Array.from({ length: 8 }, (_, index) => `attribute-${index}`);
      await Promise.all(names.map((name) => say(id, { attributes: { [name]: [] } })));
      expect((await catalog.find(id))?.state.words.map(({ attribute }) => attribute)).toEqual(names);
    });

    test('an answer that rests on less than was said is not written', async () => {
      const id = fresh();
      const view = await say(id, { title: 'a' });
      await say(id, { title: 'b' });
      await expect(store.saveTags(writeOf(id, {}, { catalog: view!.version }))).rejects.toMatchObject({
        name: 'CatalogMoved',
      });
      expect(await store.findTags(id)).toBeNull();
      await store.saveTags(writeOf(id, {}, { catalog: view!.version + 1 }));
      expect((await catalog.find(id))?.tagSet?.productId).toBe(id);
      await expect(catalog.withdraw(id, view!.version)).rejects.toMatchObject({ name: 'CatalogMoved' });
    });

    test('the TagSet that stood at a time', async () => {
      const id = fresh();
      await store.saveTags(writeOf(id, { title: 'first' }));
      expect(await catalog.tagsAt(id, '2020-01-01T00:00:00.000Z')).toBeNull();
      expect((await catalog.tagsAt(id, later()))?.title).toBe('first');
      await store.saveTags(writeOf(id, { title: 'second' }));
      expect((await catalog.tagsAt(id, later()))?.title).toBe('second');
    });

    async function withdrawn() {
      const id = fresh();
      await say(id, { title: 'a' });
      const before = await store.saveTags(writeOf(id));
      const view = await say(id, 'deleted');
      await catalog.withdraw(id, view!.version);
      return { id, before };
    }
    const listed = async (id: string) =>
      (await store.list(everything)).items.some(({ productId }) => productId === id);

    test('withdrawn: out of sight everywhere, then back as it was', async () => {
      const { id, before } = await withdrawn();
      expect([await store.findTags(id), await store.history(id, 9), await listed(id)]).toEqual([
        null,
        [],
        false,
      ]);
      expect(await catalog.find(id)).toMatchObject({ tagSet: null, withdrawn: before });
      expect(await store.mentionedPictures([sha256(id)])).toEqual([sha256(id)]);
      expect(await catalog.restore(id, later())).toEqual(before);
      expect([await store.findTags(id), (await store.history(id, 9)).length, await listed(id)]).toEqual([
        before,
        1,
        true,
      ]);
      expect(await catalog.restore(id, later())).toBeNull();
      expect(await catalog.restore(fresh(), later())).toBeNull();
    });

    test('withdrawn, then tagged: a new product, whose revisions go on', async () => {
      const { id } = await withdrawn();
      const seen: unknown[] = [];
      const decide: ReturnType<typeof writeOf>['decide'] = (current) => {
        seen.push(current);
        return { tagSet: tagSetOf(id, { title: 'anew' }), revise: true };
      };
      expect(await store.saveTags(writeOf(id, {}, { decide }))).toMatchObject({ revision: 2, title: 'anew' });
      expect([seen.at(-1), (await store.findTags(id))?.title, await listed(id)]).toEqual([
        null,
        'anew',
        true,
      ]);
      expect(await catalog.restore(id, later())).toBeNull();
    });

    test('withdrawn, then revived: what it had is there to decide from', async () => {
      const { id, before } = await withdrawn();
      const decide: ReturnType<typeof writeOf>['decide'] = (current) => ({
        tagSet: { ...current!, title: 'back' },
        revise: true,
      });
      const back = await store.saveTags(writeOf(id, {}, { decide, revives: true }));
      expect(back).toEqual({ ...before, revision: 2, title: 'back' });
      expect(await store.history(id, 9)).toHaveLength(2);
    });

    test('deleted before it was ever tagged: an older input does not make it', async () => {
      const id = fresh();
      const input = { sequence: await store.nextSequence(), attributes: null };
      const view = await say(id, 'deleted');
      await catalog.withdraw(id, view!.version);
      const decide: ReturnType<typeof writeOf>['decide'] = (_, admitted) =>
        admitted && { tagSet: tagSetOf(id), revise: true };
      await expect(store.saveTags(writeOf(id, {}, { input, decide }))).rejects.toMatchObject({
        code: 'product.not_found',
      });
    });

    test('a request that came after the deletion keeps the product in sight', async () => {
      const id = fresh();
      await say(id, { title: 'a' });
      const view = await say(id, 'deleted');
      const input = { sequence: await store.nextSequence(), attributes: null };
      await store.saveTags(writeOf(id, {}, { input }));
      await expect(catalog.withdraw(id, view!.version)).rejects.toMatchObject({ name: 'CatalogMoved' });
      expect(await store.findTags(id)).not.toBeNull();
    });

    test('forgotten for good: nothing said before it is taken in', async () => {
      const { id } = await withdrawn();
      await store.deleteProduct(id);
      expect(await catalog.find(id)).toBeNull();
      expect(await catalog.restore(id, later())).toBeNull();
      expect(await say(id, { title: 'old' }, '2020-01-01T00:00:00.000Z')).toBeNull();
      const moment = { at: later(), sequence: 1 };
      const event = upsert({ productId: id });
      expect(await catalog.fold({ productId: id, source: 'catalog', event, moment })).toBeNull();
      expect(await say(id, { title: 'new' }, later())).toMatchObject({ version: 1 });
      expect((await store.saveTags(writeOf(id))).revision).toBe(2);
    });

    test('nothing is overdue yet', async () => {
      const { id } = await withdrawn();
      expect(await catalog.forgetWithdrawn(10)).toEqual([]);
      expect((await catalog.find(id))?.withdrawn).not.toBeNull();
    });
  });
}
