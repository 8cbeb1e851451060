/** What becomes of jobs whose worker died: another finds them, whatever it was in the middle of. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createBossQueue } from '../../src/adapters/queue/pg-boss.ts';
import type { SqlStore } from '../../src/adapters/store/sql-store.ts';
import type { Job } from '../../src/application/ports-work.ts';
import { quiet } from '../adapters/store/quiet-log.ts';
import { jobsOf } from './turns.contract.ts';
import { taggingOf } from './work.contract.ts';

export function workersContract(name: string, open: () => Promise<SqlStore>): void {
  describe(`workers: ${name}`, () => {
    let store: SqlStore;
    beforeAll(async () => {
      store = await open();
      const { queue } = await worker();
      await queue.stop(0);
      await clear();
    });
    afterAll(() => store?.close());
    const never = () => new Promise<void>(() => {});

    async function worker(id: string = randomUUID()) {
      await store.workers.beat(id);
      const { execute, transact } = store;
      const needs = { execute, alone: false, worker: { id, transact }, attemptMs: 60_000, log: quiet };
      return { id, ...(await createBossQueue(needs)) };
    }
    async function clear() {
      await store.execute('delete from pgboss.job');
      await store.execute('delete from workers');
    }
    const active = async () =>
      (await store.execute(`select data->>'id' as id from pgboss.job where state = 'active'`)).rows.map(
        ({ id }) => id,
      );
    const enqueued = (enqueue: Awaited<ReturnType<typeof worker>>['enqueue'], jobs: readonly Job[]) =>
      store.transact((within) => enqueue(within, jobs));

    test('a silent worker’s jobs go to another, with and without an operation; a living one keeps its own', async () => {
      const dead = await worker();
      const alive = await worker();
      const tagging = taggingOf('sku');
      await store.operations(dead.enqueue).accept(tagging);
      const [imported] = jobsOf('imports', 1);
      await enqueued(dead.enqueue, [imported!]);
      const begun = new Set<string>();
      await dead.queue.work(async ({ source, id }) => {
        if (source !== 'imports') await store.operations(dead.enqueue).begin(id);
        begun.add(id);
        await never();
      }, 2);
      const lost = [tagging.operationId, imported!.id].sort();
      await vi.waitFor(() => expect([...begun].sort()).toEqual(lost), 10_000);
      const kept = jobsOf('catalog', 1);
      await enqueued(alive.enqueue, kept);
      await alive.queue.work(never, 1);
      await vi.waitFor(async () => expect(await active()).toHaveLength(3), 10_000);

      // Both live as yet.
      expect(await store.workers.takeBack(alive.id, 60)).toBe(0);
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await store.workers.beat(alive.id);
      expect(await store.workers.takeBack(alive.id, 1)).toBe(2);
      expect(await active()).toEqual(kept.map(({ id }) => id));
      expect(await store.operations(dead.enqueue).find(tagging.operationId)).toMatchObject({
        state: 'queued',
      });
      expect(await store.workers.takeBack(alive.id, 1)).toBe(0);

      const third = await worker();
      const done: string[] = [];
      await third.queue.work(async ({ id }) => void done.push(id), 1);
      await vi.waitFor(() => expect(done.sort()).toEqual(lost), 10_000);
      await third.queue.stop(5000);

      // One that ends leaves its work to others.
      await alive.queue.stop(0);
      await store.workers.leave(alive.id);
      expect(await active()).toEqual([]);
      await dead.queue.stop(0);
      await third.queue.stop(0);
      await clear();
    }, 60_000);

    test('a job of before, when work had no source, is still done', async () => {
      const { queue } = await worker();
      const id = randomUUID();
      await store.execute(`insert into pgboss.job (name, data) values ('operations', $1::jsonb)`, [
        JSON.stringify({ operationId: id }),
      ]);
      const done: Job[] = [];
      await queue.work(async (job) => void done.push(job), 1);
      await vi.waitFor(() => expect(done).toEqual([{ source: 'requests', id }]), 10_000);
      await queue.stop(5000);
      await clear();
    }, 40_000);

    test('of all that live, one puts back; a job that nobody is known to have is left alone', async () => {
      const [first, second] = [randomUUID(), randomUUID()].sort() as [string, string];
      const { queue, enqueue } = await worker(second);
      await store.workers.beat(first);
      await enqueued(enqueue, jobsOf('shopify', 2));
      await store.execute(
        `update pgboss.job set state = 'active', started_on = now(),
           output = case when id = (select min(id::text)::uuid from pgboss.job) then '{"worker":"gone"}'::jsonb end`,
      );
      expect(await store.workers.takeBack(second, 60)).toBe(0);
      expect(await store.workers.takeBack(first, 60)).toBe(1);
      expect(await active()).toHaveLength(1);
      await queue.stop(0);
      await clear();
    }, 40_000);
  });
}
