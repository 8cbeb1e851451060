/**
 * kill -9 at random moments while events are delivered: every revision that a caller was told of is told to the subscriber, and whatever
 * comes twice is the same to the byte. KILL_ROUNDS raises the number, KILL_SEED changes the moments.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { longRuns } from '../long-runs.ts';
import { chances } from './mixed-load.ts';
import { ownDatabase } from './own-database.ts';
import { startReceiver, verified } from './receiver.ts';
import { type Service, startService } from './service.ts';

const rounds = Number(process.env.KILL_ROUNDS ?? 1);
const seed = Number(process.env.KILL_SEED ?? 1);
const photo = path.resolve(import.meta.dirname, '../fixtures/images/tall.jpg');
const json = { 'content-type': 'application/json' };

/** A machine that is busy with other tests may be asked to wait. */
async function answered(status: number, call: () => Promise<Response>): Promise<Response> {
  for (;;) {
    const answer = await call();
    if (answer.status === status) return answer;
    expect(answer.status).toBe(503);
    await sleep(500);
  }
}

test.runIf(longRuns)(
  `${rounds} kills lose no event and change none`,
  { timeout: 150_000 + rounds * 20_000 },
  async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'hangtag-delivering-kill-'));
    const database = await ownDatabase();
    const receiver = await startReceiver();
    const chance = chances(seed);
    const settings = { DATA_DIR: folder, FETCH_ALLOW_ORIGINS: receiver.origin, ...database.settings };
    /** `product revision` of everything that was answered with 200. */
    const acknowledged = new Set<string>();
    const refused = new Set<string>();
    receiver.answer = (response, { id }) => {
      // The first fails, and any other may, once: a third attempt would be minutes away.
      const fails = !refused.has(id) && (refused.size === 0 || chance() < 0.2);
      if (fails) refused.add(id);
      setTimeout(() => response.writeHead(fails ? 500 : 200).end(), chance() * 60);
    };

    const products = Array.from({ length: 4 }, (_, index) => `told-${index}`);
    async function review(url: string, id: string, color: string): Promise<void> {
      const answer = await fetch(`${url}/products/${id}/tags`, {
        method: 'PATCH',
        headers: json,
        body: JSON.stringify({ set: { color: [color] } }),
      });
      if (answer.status === 200)
        acknowledged.add(`${id} ${((await answer.json()) as { revision: number }).revision}`);
    }
    /** People change their minds until the service is gone. */
    const load = (url: string) =>
      Promise.all(
        products.map(async (id) => {
          try {
            for (let turn = 0; ; turn++) await review(url, id, turn % 2 ? 'navy' : 'white');
          } catch {
            // It is gone.
          }
        }),
      );

    const picture = await readFile(photo);
    let service: Service = await startService(settings);
    try {
      for (const id of products) {
        const form = new FormData();
        form.append('image', new Blob([picture]), 'a.jpg');
        await answered(200, () =>
          fetch(`${service.url}/products/${id}/tags`, { method: 'POST', body: form }),
        );
      }
      const body = JSON.stringify({ url: receiver.origin, events: ['product.tagged'] });
      const subscribe = () =>
        fetch(`${service.url}/admin/subscriptions`, { method: 'POST', headers: json, body });
      const made = await answered(201, subscribe);
      const { secret } = (await made.json()) as { secret: string };
      for (let round = 1; round <= rounds; round++) {
        const [before, told] = [acknowledged.size, receiver.got.length];
        const loading = load(service.url);
        await vi.waitFor(() => expect(acknowledged.size).toBeGreaterThan(before + 10), 20_000);
        await vi.waitFor(() => expect(receiver.got.length).toBeGreaterThan(told + 5), 20_000);
        await sleep(chance() * 500);
        await service.stop('SIGKILL');
        await loading;
        service = await startService(settings);
      }
      const events = () => receiver.got.map((one) => ({ ...one, event: JSON.parse(one.body) }));
      // What was being sent when its sender was killed is sent again when that one must be gone.
      await vi.waitFor(
        () => {
          const told = new Set(events().map(({ event }) => `${event.data.productId} ${event.data.revision}`));
          expect([...acknowledged].filter((one) => !told.has(one))).toEqual([]);
        },
        { timeout: 90_000, interval: 500 },
      );
      const texts = new Map<string, Set<string>>();
      for (const { id, body, event } of events()) {
        expect(event.id).toBe(id);
        texts.set(id, (texts.get(id) ?? new Set()).add(body));
      }
      expect([...texts.values()].filter((bodies) => bodies.size > 1)).toEqual([]);
      // No revision under two ids.
      const revisions = [...texts.values()].map(([body]) => {
        const { data } = JSON.parse(body!);
        return `${data.productId} ${data.revision}`;
      });
      expect(new Set(revisions).size).toBe(revisions.length);
      for (const one of receiver.got.slice(-20)) verified(secret, one);
      console.info(
        `${rounds} kills: ${acknowledged.size} reviews, ${texts.size} events in ${receiver.got.length} calls`,
      );
      expect(receiver.got.length).toBeGreaterThan(texts.size);
      expect(await service.stop()).toBe(0);
    } finally {
      await service.stop('SIGKILL');
      await receiver.close();
      await rm(folder, { recursive: true, force: true });
      await database.drop();
    }
  },
);
