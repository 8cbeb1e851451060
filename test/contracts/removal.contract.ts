/**
 * Removing originals against tagging the very same picture: in every order of their steps, a product that stands has
 * its original, and what nobody mentions is gone in the end. Run by one test file per store.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDeleteProduct } from '../../src/application/delete-product.ts';
import type { Store } from '../../src/application/ports.ts';
import type { Originals } from '../../src/application/ports-originals.ts';
import { createRemoveOriginals } from '../../src/application/remove-originals.ts';
import { createSaveWithOriginals } from '../../src/application/save-with-originals.ts';
import { createSweepOriginals } from '../../src/application/sweep-originals.ts';
import { HangtagError } from '../../src/domain/errors.ts';
import { RemovalsMet } from '../../src/domain/originals/removal.ts';
import { quiet } from '../adapters/store/quiet-log.ts';
import { imageOf, sha256, tagSetOf, vectorOf, writeOf } from './sample-tags.ts';
import { byChance, play, playAll, type Run, type Stage } from './schedule.ts';

/** Originals as a set of names. `step`: what happens between the steps of one call. */
function shelf(step: () => Promise<void> = async () => {}, owner: string | null = null) {
  const kept = new Set<string>();
  const ports = (between: () => Promise<void>): Originals => ({
    async put(name) {
      if (kept.has(name)) return;
      await between();
      kept.add(name);
    },
    get: async (name) => (kept.has(name) ? new Uint8Array() : null),
    async delete(name) {
      await between();
      kept.delete(name);
    },
    list: async () => ({ items: [...kept].map((name) => ({ sha256: name, writtenAt: 0 })), next: null }),
    own: async (asking) => asking ?? owner,
    ping: async () => {},
  });
  return { kept, ports, originals: ports(step) };
}

const bytes = new Uint8Array([1]);
const write = (product: string, picture: string) =>
  writeOf(
    product,
    { images: [{ ...tagSetOf(picture).images[0]!, index: 0 }] },
    { images: [imageOf(picture)], vectors: new Map([[sha256(picture), vectorOf(picture)]]) },
  );

/** As `tagProduct` does it: look whether the picture is known, keep its original if not, store the tags. */
async function tag(
  store: Store,
  originals: Originals,
  product: string,
  picture: string,
  pause?: () => Promise<void>,
) {
  const name = sha256(picture);
  const known = await store.findImages([name], 'm@1');
  const save = createSaveWithOriginals({ store, originals, ...(pause ? { pause } : {}) });
  await save(write(product, picture), new Map([[name, bytes]]), known.has(name) ? [] : [name]);
}

const remover = (store: Store, originals: Originals) =>
  createRemoveOriginals({ store, originals, log: quiet });
const forget = (store: Store, originals: Originals, product: string) =>
  createDeleteProduct({ store, removeOriginals: remover(store, originals), log: quiet, patienceMs: 60_000 })(
    product,
  );
async function sweep(store: Store, originals: Originals) {
  const needs = { store, originals, remove: remover(store, originals), log: quiet };
  const sweeping = createSweepOriginals(needs);
  await sweeping.marked();
  await sweeping.leftovers();
}

type Cast = 'tags B' | 'tags A' | 'deletes A' | 'sweeps';
interface Scene {
  readonly name: string;
  readonly cast: readonly Cast[];
  /** Before the curtain: product A with its original, or an original that nobody mentions. */
  readonly before: 'product' | 'leftover';
  /** This one is gone for good after so many turns. */
  readonly dies?: { readonly actor: Cast; readonly after: number };
}
const scenes: readonly Scene[] = [
  { name: 'one is tagged as the other is deleted', cast: ['tags B', 'deletes A'], before: 'product' },
  { name: 'a leftover is swept as it is tagged', cast: ['tags B', 'sweeps'], before: 'leftover' },
  { name: 'tagged, deleted and swept', cast: ['tags B', 'deletes A', 'sweeps'], before: 'product' },
  { name: 'both are tagged, one is deleted', cast: ['tags A', 'tags B', 'deletes A'], before: 'product' },
  ...[1, 2, 3, 4].map(
    (after): Scene => ({
      name: `the deletion dies after ${after} steps`,
      cast: ['tags B', 'deletes A', 'sweeps'],
      before: 'product',
      dies: { actor: 'deletes A', after },
    }),
  ),
];

export interface RemovalCase {
  readonly name: string;
  readonly open: () => Promise<Store>;
  /** How many orders of each scene are played. */
  readonly orders: number;
  /** A store of its own for each order: where opening costs nothing. */
  readonly fresh: boolean;
}

export function removalContract({ name, open, orders, fresh }: RemovalCase): void {
  describe(`removing originals: ${name}`, () => {
    let store: Store;
    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store?.close());

    async function perform(scene: Scene, choose: (step: number, ready: number) => number): Promise<Run> {
      const [a, b, picture] = ['a', 'b', 'picture'].map((text) => `${text}-${randomUUID()}`) as [
        string,
        string,
        string,
      ];
      if (fresh) store = await open();
      const { kept, ports, originals } = shelf(undefined, await store.identity());
      if (scene.before === 'product') await tag(store, originals, a, picture);
      else kept.add(sha256(picture));
      let refused = 0;
      const act = (stage: Stage, actor: Cast) => {
        const mine = stage.wrap(actor, store);
        const shelves = stage.wrap(
          actor,
          ports(() => stage.turn(actor)),
        );
        if (actor === 'deletes A') return forget(mine, shelves, a);
        if (actor === 'sweeps') return sweep(mine, shelves);
        const product = actor === 'tags A' ? a : b;
        return tag(mine, shelves, product, picture, () => stage.turn(actor)).catch((error: unknown) => {
          if (!(error instanceof HangtagError && error.code === 'store.unavailable')) throw error;
          refused++;
        });
      };
      const run = await play(
        (stage) => Object.fromEntries(scene.cast.map((actor) => [actor, () => act(stage, actor)])),
        choose,
        (actor, turns) => actor === scene.dies?.actor && turns >= scene.dies.after,
      );
      const story = run.steps.join('\n');
      const standing = (await Promise.all([a, b].map((id) => store.findTags(id)))).filter(Boolean);
      if (standing.length > 0) expect(kept.has(sha256(picture)), story).toBe(true);
      // Only who waits for somebody who died, or who always comes at the wrong moment, is sent away.
      expect(standing.length + refused, story).toBeGreaterThanOrEqual(1);
      await sweep(store, originals);
      if (standing.length > 0) expect(kept.has(sha256(picture)), `${story}\nswept again`).toBe(true);
      else if (!scene.dies) expect(kept.size, story).toBe(0);
      return run;
    }

    test.each(scenes)('$name', { timeout: 120_000 }, async (scene) => {
      for (let seed = 1; seed <= orders; seed++) await perform(scene, byChance(seed));
      if (fresh) await playAll((choose) => perform(scene, choose), orders);
    });

    test('all at once, again and again: what stands has its original, what nobody mentions goes', async () => {
      const { kept, ports } = shelf();
      const originals = ports(() => sleep(Math.random() * 3));
      const pictures = [0, 1, 2].map(() => `picture-${randomUUID()}`);
      const products = Array.from({ length: 6 }, () => `product-${randomUUID()}`);
      let sent = 0;
      await Promise.all(
        products.map(async (product, lane) => {
          for (let round = 0; round < 8; round++) {
            const picture = pictures[(lane + round) % pictures.length]!;
            await tag(store, originals, product, picture).catch((error: unknown) => {
              if (!(error instanceof HangtagError && error.code === 'store.unavailable')) throw error;
              sent++;
            });
            if (round % 2 === lane % 2) await forget(store, originals, product);
            if (lane === 0) await sweep(store, originals);
          }
        }),
      );
      expect(sent).toBeLessThan(10);
      await sweep(store, originals);
      const mentioned = new Set<string>();
      for (const product of products) {
        for (const { tagSet } of await store.history(product, 100))
          for (const image of tagSet.images) mentioned.add(image.sha256!);
      }
      expect([...kept].sort()).toEqual([...mentioned].sort());
    });

    test('a picture in the past of one product outlives another that shows it', async () => {
      const { kept, originals } = shelf();
      const [one, two, shared] = [0, 1, 2].map(() => randomUUID()) as [string, string, string];
      await tag(store, originals, one, shared);
      await tag(store, originals, two, shared);
      await tag(store, originals, one, 'another');
      await forget(store, originals, two);
      await sweep(store, originals);
      expect(kept.has(sha256(shared))).toBe(true);
      await forget(store, originals, one);
      expect(kept.has(sha256(shared))).toBe(false);
    });

    test('a claim is exclusive until its lease is over; a tagging waits for it, then writes anew', async () => {
      const { kept, originals } = shelf();
      const picture = randomUUID();
      const name = sha256(picture);
      kept.add(name);
      const first = await store.claimRemovals([name], 10, 300);
      expect(first.sha256s).toEqual([name]);
      expect((await store.claimRemovals([name], 10, 300)).sha256s).toEqual([]);
      expect(await store.pendingRemovals(1000)).not.toContain(name);
      await expect(store.saveTags(write('late', picture))).rejects.toMatchObject({
        removals: [{ sha256: name, ticket: first.ticket, over: false }],
      });
      expect(await store.findTags('late')).toBeNull();
      await sleep(320);
      expect(await store.pendingRemovals(1000)).toContain(name);
      await expect(store.saveTags(write('late', picture))).rejects.toBeInstanceOf(RemovalsMet);
      kept.clear();
      await tag(store, originals, 'late', picture);
      expect(kept.has(name)).toBe(true);
      expect(await store.settleRemovals(first.ticket, [name])).toEqual([]);
      expect((await store.claimRemovals([name], 10, 300)).sha256s).toEqual([]);
      await forget(store, originals, 'late');
    });

    test('another removal has another ticket: bytes written after the first are not trusted', async () => {
      const picture = randomUUID();
      const name = sha256(picture);
      const remove = async () => {
        const { ticket } = await store.claimRemovals([name], 10, 60_000);
        expect(await store.settleRemovals(ticket, [name])).toEqual([name]);
        return ticket;
      };
      const first = await remove();
      const second = await remove();
      const once = (ticket: string) =>
        store.saveTags({ ...write(picture, picture), restored: new Map([[name, ticket]]) });
      await expect(once(first)).rejects.toMatchObject({ removals: [{ ticket: second, over: true }] });
      expect((await once(second)).revision).toBe(1);
      expect((await store.saveTags(write(picture, picture))).revision).toBe(2);
    });

    test('a deletion that could not remove leaves marks, oldest first, and says nothing to the caller', async () => {
      const { kept, originals } = shelf();
      const products = [0, 1, 2].map(() => randomUUID());
      for (const id of products) await tag(store, originals, id, id);
      const down: Originals = {
        ...originals,
        delete: () => Promise.reject(new HangtagError('store.unavailable', 'down')),
      };
      for (const id of products) {
        await store.deleteProduct(id);
        await sleep(5);
      }
      const names = products.map(sha256);
      const mine = async () => (await store.pendingRemovals(1000)).filter((name) => names.includes(name));
      expect(await mine()).toEqual(names);
      expect(names.every((name) => kept.has(name))).toBe(true);
      const last = randomUUID();
      await tag(store, originals, last, last);
      await forget(store, down, last);
      expect(kept.has(sha256(last))).toBe(true);
      await sweep(store, originals);
      expect(await mine()).toEqual([]);
      expect(names.some((name) => kept.has(name))).toBe(false);
    });

    test('this database has one name', async () => {
      expect(await store.identity()).toMatch(/^[0-9a-f-]{36}$/);
      expect(await store.identity()).toBe(await store.identity());
    });
  });
}
