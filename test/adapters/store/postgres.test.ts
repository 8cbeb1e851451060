/** What only a server has: several processes, and connections that are lost. Needs TEST_DATABASE_URL. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createPostgresStore } from '../../../src/adapters/store/postgres.ts';
import type { Store } from '../../../src/application/ports.ts';
import { countUp, writeOf } from '../../contracts/sample-tags.ts';
import { type FreshDatabase, freshDatabase } from './fresh-database.ts';
import { quiet } from './quiet-log.ts';

const server = process.env.TEST_DATABASE_URL;

describe.skipIf(!server)('PostgreSQL (needs TEST_DATABASE_URL)', () => {
  let database: FreshDatabase;
  const opened: Store[] = [];
  const open = async () => {
    const store = await createPostgresStore({ url: database.url, poolSize: 4, log: quiet });
    opened.push(store);
    return store;
  };
  beforeAll(async () => {
    database = await freshDatabase(server!);
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });
  afterAll(() => database?.drop());

  test('six processes start at once on an empty database', async () => {
    const stores = await Promise.all(Array.from({ length: 6 }, open));
    await Promise.all(stores.map((store) => store.ping()));
    const { rows } = await database.run('select name from hangtag_migration');
    const files = readdirSync(path.resolve(import.meta.dirname, '../../../src/adapters/store/migrations'));
    expect(rows).toEqual(files.sort().map((file) => ({ name: path.basename(file, '.ts') })));
  });

  test('two processes write one product: none is lost, the first write included', async () => {
    const stores = [await open(), await open()];
    await Promise.all(Array.from({ length: 40 }, (_, i) => stores[i % 2]!.saveTags(countUp('shared'))));
    expect(await stores[0]!.findTags('shared')).toMatchObject({ title: '40', revision: 40 });
  });

  test('lost connections, idle or at work, harm one call at most; then the store recovers', async () => {
    const store = await open();
    await Promise.all(Array.from({ length: 8 }, (_, i) => store.saveTags(writeOf(`before-${i}`))));
    const cut = () =>
      database.run(`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'hangtag' and datname = current_database()`);
    await cut();
    await expect
      .poll(
        () =>
          store.ping().then(
            () => true,
            () => false,
          ),
        { timeout: 5_000 },
      )
      .toBe(true);

    const acknowledged: number[] = [];
    const writes = Array.from({ length: 60 }, (_, i) =>
      store.saveTags(writeOf(`cut-${i}`)).then(
        () => acknowledged.push(i),
        (error: unknown) => expect(error).toMatchObject({ code: 'store.unavailable' }),
      ),
    );
    await cut();
    await Promise.all(writes);
    expect(await store.saveTags(writeOf('after'))).toMatchObject({ revision: 1 });
    for (const i of acknowledged) expect(await store.findTags(`cut-${i}`)).not.toBeNull();
  });

  test('a read-only server does not pass ping', async () => {
    await database.run(`do $$ begin execute format('alter database %I set default_transaction_read_only = on',
      current_database()); end $$`);
    try {
      // The tables are there already, so it opens; writing is what fails.
      const store = await open();
      await expect(store.ping()).rejects.toMatchObject({
        code: 'store.unavailable',
        cause: { code: '25006' },
      });
    } finally {
      await database.run(`begin read write; do $$ begin
        execute format('alter database %I reset default_transaction_read_only', current_database()); end $$; commit`);
    }
  });

  test('a lock that never comes is given up on, and the connection is not reused', async () => {
    const url = Object.assign(new URL(database.url), { search: '?statement_timeout=300' }).href;
    const store = await createPostgresStore({ url, poolSize: 1, log: quiet });
    opened.push(store);
    await store.saveTags(writeOf('locked'));
    const blocking = database.run(
      `begin; select 1 from products where product_id = 'locked' for update; select pg_sleep(1); commit`,
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    await expect(store.saveTags(writeOf('locked'))).rejects.toMatchObject({ code: 'store.unavailable' });
    await blocking;
    expect((await store.saveTags(writeOf('locked'))).revision).toBe(2);
  });

  test.each([
    ['nobody listens', 'postgres://127.0.0.1:1/x', 'ECONNREFUSED'],
    ['no such database', '', 'does not exist'],
  ])('%s: refused with the reason', async (_, url, reason) => {
    const target = url || Object.assign(new URL(database.url), { pathname: '/nowhere' }).href;
    await expect(createPostgresStore({ url: target, log: quiet })).rejects.toMatchObject({
      code: 'store.unavailable',
      message: expect.stringContaining(reason),
      cause: expect.any(Error),
    });
  });
});
