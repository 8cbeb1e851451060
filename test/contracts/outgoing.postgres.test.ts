/** The same on a real server, and what only several processes can get wrong. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPostgresStore } from '../../src/adapters/store/postgres.ts';
import type { SqlStore } from '../../src/adapters/store/sql-store.ts';
import { type FreshDatabase, freshDatabase } from '../adapters/store/fresh-database.ts';
import { quiet } from '../adapters/store/quiet-log.ts';
import { outgoingContract } from './outgoing.contract.ts';
import { writeOf } from './sample-tags.ts';

const server = process.env.TEST_DATABASE_URL;

describe.skipIf(!server)('on PostgreSQL (needs TEST_DATABASE_URL)', () => {
  let database: FreshDatabase;
  beforeAll(async () => {
    database = await freshDatabase(server!);
  });
  afterAll(() => database?.drop());
  const open = () => createPostgresStore({ url: database.url, log: quiet });

  outgoingContract('PostgreSQL', open);
});

describe.skipIf(!server)('several processes on PostgreSQL (needs TEST_DATABASE_URL)', () => {
  let database: FreshDatabase;
  const stores: SqlStore[] = [];
  beforeAll(async () => {
    database = await freshDatabase(server!);
    for (let count = 0; count < 3; count++)
      stores.push(await createPostgresStore({ url: database.url, log: quiet }));
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await database?.drop();
  });
  const idsIn = (bodies: readonly string[]) =>
    bodies.map((body) => {
      const { productId, revision } = JSON.parse(body).data;
      return `${productId} ${revision}`;
    });

  test('one that is slow to commit is placed after those that were written later, and missed by nobody', async () => {
    const [store] = stores;
    const writer = new pg.Client({ connectionString: database.url });
    await writer.connect();
    try {
      await writer.query('begin');
      await writer.query(`insert into events (id, type, body)
        values (gen_random_uuid(), 'product.tagged', '{"data":{"productId":"slow","revision":1}}')`);
      await store!.saveTags(writeOf('quick'));
      await store!.outgoing.feed.place();
      const before = await store!.outgoing.feed.read(null, 10);
      expect(idsIn(before!.bodies)).toEqual(['quick 1']);
      await writer.query('commit');
      await store!.outgoing.feed.place();
      const after = await store!.outgoing.feed.read(before!.position, 10);
      expect(idsIn(after!.bodies)).toEqual(['slow 1']);
    } finally {
      await writer.end();
    }
  });

  test('writers, placers and readers everywhere: every reader sees everything, once, each product in order', async () => {
    const start = (await stores[0]!.outgoing.feed.read(null, 200))!.position;
    const products = Array.from({ length: 9 }, (_, index) => `p${index}`);
    const each = 12;
    let writing = true;
    const readers = stores.map(async ({ outgoing: { feed } }) => {
      const seen: string[] = [];
      for (let at = start, last = false; ; ) {
        const stop = last;
        last = !writing;
        await feed.place();
        for (;;) {
          const page = await feed.read(at, 4);
          seen.push(...idsIn(page!.bodies));
          at = page!.position;
          if (page!.bodies.length < 4) break;
        }
        if (stop) return seen;
      }
    });
    await Promise.all(
      products.map(async (id, index) => {
        for (let turn = 0; turn < each; turn++) await stores[(index + turn) % 3]!.saveTags(writeOf(id));
      }),
    );
    writing = false;
    const [first, ...others] = await Promise.all(readers);
    for (const other of others) expect(other).toEqual(first);
    for (const id of products)
      expect(first!.filter((line) => line.startsWith(`${id} `))).toEqual(
        Array.from({ length: each }, (_, index) => `${id} ${index + 1}`),
      );
  }, 60_000);

  test('a subscription that is removed while events are placed leaves nothing behind', async () => {
    const [a, b] = stores;
    for (let turn = 0; turn < 10; turn++) {
      const id = crypto.randomUUID();
      const wish = { id, url: 'https://x.example/', events: ['product.tagged'] as const, maxPerSecond: null };
      await a!.outgoing.subscriptions.add({ ...wish, sealedSecret: new Uint8Array(1) }, 100);
      await a!.saveTags(writeOf('p0'));
      await Promise.all([b!.outgoing.feed.place(), a!.outgoing.subscriptions.remove(id)]);
    }
    const { rows } = await database.run('select count(*)::int as count from deliveries');
    expect(rows).toEqual([{ count: 0 }]);
  });
});
