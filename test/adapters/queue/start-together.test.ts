/** Several replicas come up at the same moment on a database that none of them has seen. */
import { afterEach, describe, expect, test } from 'vitest';
import { createBossQueue } from '../../../src/adapters/queue/pg-boss.ts';
import { createPostgresStore } from '../../../src/adapters/store/postgres.ts';
import { type FreshDatabase, freshDatabase } from '../store/fresh-database.ts';
import { quiet } from '../store/quiet-log.ts';

const server = process.env.TEST_DATABASE_URL;

describe.skipIf(!server)('on PostgreSQL (needs TEST_DATABASE_URL)', () => {
  let database: FreshDatabase;
  afterEach(() => database?.drop());

  test('five starts at once: all succeed, and each store works afterwards', async () => {
    database = await freshDatabase(server!);
    const stores = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const store = await createPostgresStore({ url: database.url, log: quiet, poolSize: 2 });
        const { execute } = store;
        await createBossQueue({ execute, alone: false, attemptMs: 60_000, log: quiet });
        return store;
      }),
    );
    for (const store of stores) {
      // On every connection of its pool, one after the other and at once.
      await Promise.all([store.ping(), store.findTags('a'), store.findTags('b'), store.execute('select 1')]);
      await store.close();
    }
    expect(stores).toHaveLength(5);
  });
});
