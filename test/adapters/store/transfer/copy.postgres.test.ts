/** The copy from an embedded store to a server. Needs TEST_DATABASE_URL: `test/rings/postgres.sh npm test`. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { queueConstruction } from '../../../../src/adapters/queue/tables.ts';
import { createPgliteStore } from '../../../../src/adapters/store/pglite.ts';
import { createPostgresStore } from '../../../../src/adapters/store/postgres.ts';
import { copyStore } from '../../../../src/adapters/store/transfer/copy.ts';
import { atEmbedded, atServer } from '../../../../src/adapters/store/transfer/end.ts';
import { createStoreTransfer } from '../../../../src/adapters/store/transfer/transfer.ts';
import type { CopiedTable, TransferWatch } from '../../../../src/application/ports-transfer.ts';
import { writeOf } from '../../../contracts/sample-tags.ts';
import { type FreshDatabase, freshDatabase } from '../fresh-database.ts';
import { quiet } from '../quiet-log.ts';
import { addProducts, answersOf, fillStore, never, runEmbedded, unwatched } from './filled-store.ts';

const server = process.env.TEST_DATABASE_URL;
// Each test moves a whole database.
vi.setConfig({ testTimeout: 60_000 });

describe.skipIf(!server)('copying to PostgreSQL (needs TEST_DATABASE_URL)', () => {
  let folder: string;
  /** Never changed; each test works on a copy of its files. */
  let filled: string;
  let dataDir: string;
  let target: FreshDatabase;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'hangtag-copy-'));
    filled = path.join(folder, 'filled');
    await fillStore(filled);
    await addProducts(filled, 500);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(folder, 'data-'));
    await cp(filled, dataDir, { recursive: true });
    target = await freshDatabase(server!);
  });
  afterEach(async () => {
    await rm(dataDir, { recursive: true });
    await target.drop();
  });

  interface Run {
    readonly from?: string;
    readonly to?: string;
    readonly restart?: boolean;
    readonly watch?: TransferWatch;
    readonly signal?: AbortSignal;
    readonly stretchLength?: number;
  }
  const copy = ({ restart = false, watch = unwatched, signal = never, ...rest }: Run = {}) =>
    atServer(rest.to ?? target.url, quiet, (to) =>
      atEmbedded(path.join(rest.from ?? dataDir, 'database'), 'relaxed', quiet, (source) =>
        copyStore({
          source,
          target: to,
          restart,
          watch,
          signal,
          queueConstruction,
          ...(rest.stretchLength ? { stretchLength: rest.stretchLength } : {}),
        }),
      ),
    );
  const counts = (tables: readonly CopiedTable[]) =>
    Object.fromEntries(tables.map(({ name, rows }) => [name, rows]));
  const everything = {
    products: 506,
    tag_history: 9,
    images: 6,
    image_vectors: 506,
    text_vectors: 30,
    fetched_images: 7,
    product_images: 6,
    tombstones: 1,
    picture_mentions: 6,
    original_removals: 1,
    identity: 1,
    answered_calls: 0,
    operations: 0,
    operation_images: 0,
    received_events: 0,
    catalog_products: 0,
    // Every revision, less those of the deleted product, and its deletion.
    events: 10,
    event_feed: 1,
    subscriptions: 0,
    deliveries: 0,
    imports: 0,
    import_items: 0,
    taxonomies: 3,
    calibrations: 1,
    active_meaning: 1,
  };
  const openTarget = () => createPostgresStore({ url: target.url, log: quiet });

  /** Aborts once so many rows are through in this stage. */
  function stopAfter(stage: string, rows: number) {
    const stop = new AbortController();
    let now = '';
    let done = 0;
    const watch: TransferWatch = {
      begin(name) {
        now = name;
      },
      advance(by) {
        if (now !== stage) return;
        done += by;
        if (done >= rows) stop.abort();
      },
    };
    return { watch, signal: stop.signal };
  }

  test('every answer is the same afterwards, and every value to the last microsecond', async () => {
    expect(counts(await copy())).toEqual(everything);
    const texts = `select string_agg(md5(concat_ws('|', product_id, revision, tag_set, category_id, accepted,
        extract(epoch from updated_at), pending, uncertainty, failed)), ',' order by product_id) || (select
        string_agg(md5(concat_ws('|', sha256, model, encode(vector, 'base64'))), ',' order by sha256) from image_vectors)
        as text from products`;
    const here = await runEmbedded(dataDir, async (db) => (await sql.raw(texts).execute(db)).rows);
    expect((await target.run(texts)).rows).toEqual(here);

    const [old, moved] = [
      await createPgliteStore({
        directory: path.join(dataDir, 'database'),
        durability: 'relaxed',
        log: quiet,
      }),
      await openTarget(),
    ];
    try {
      expect(await answersOf(moved)).toEqual(await answersOf(old));
    } finally {
      await old.close();
      await moved.close();
    }
  });

  test('stopped at any stretch, the next run goes on: nothing twice, nothing left out', async () => {
    for (const rows of [1, 120, 300, 510, 700]) {
      const { watch, signal } = stopAfter('copying', rows % 200);
      await expect(copy({ watch, signal, stretchLength: 20_000 })).rejects.toMatchObject({
        name: 'AbortError',
      });
      // Half a store is none.
      await expect(openTarget()).rejects.toThrow(/store copy.*has not finished/);
    }
    const begun: { stage: string; total: number; before: number }[] = [];
    const watch: TransferWatch = {
      begin: (stage, _unit, total, before) => begun.push({ stage, total, before }),
      advance() {},
    };
    expect(counts(await copy({ watch, stretchLength: 20_000 }))).toEqual(everything);
    const total = Object.values(everything).reduce((sum, rows) => sum + rows, 0);
    expect(begun[0]).toMatchObject({ stage: 'copying', total });
    expect(begun[0]!.before).toBeGreaterThan(300);
    expect(begun[1]).toMatchObject({ stage: 'comparing', total });
    await (await openTarget()).close();
  });

  test.each([
    [
      `update products set uncertainty = uncertainty + 1e-15 where product_id = 'many-77'`,
      '"many-77" differs',
    ],
    [
      `update products set updated_at = updated_at + interval '1 microsecond' where product_id = 'sku-2'`,
      '"sku-2" differs',
    ],
    [`delete from products where product_id = 'many-500'`, '"many-500" is missing in the new store'],
    [
      `insert into image_vectors values ('zz', 'm@1', '')`,
      'image_vectors: 506 rows against 507; "zz / m@1" is in the new store only',
    ],
    [
      `update image_vectors set vector = set_byte(vector, 5, 255 - get_byte(vector, 5))
        where sha256 = encode(sha256('9'), 'hex')`,
      'differs',
    ],
    [
      `update tag_history set tag_set = (tag_set::text || ' ')::json where product_id = 'a'`,
      '"a / 1" differs',
    ],
    [`update products set accepted = '{}' where product_id = 'many-1'`, '"many-1" differs'],
  ])('the comparison finds %s', async (harm, finding) => {
    const { watch, signal } = stopAfter('comparing', 1);
    await expect(copy({ watch, signal })).rejects.toMatchObject({ name: 'AbortError' });
    await target.run(harm);
    await expect(copy()).rejects.toThrow(finding);
    // It stays unfinished, so nothing starts on it, until a copy from the beginning.
    await expect(openTarget()).rejects.toThrow('has not finished');
    await expect(copy()).rejects.toThrow('copy again with --restart');
    expect(counts(await copy({ restart: true }))).toEqual(everything);
    await (await openTarget()).close();
  });

  test('a store that went on meanwhile is noticed, and copied anew with --restart', async () => {
    const { watch, signal } = stopAfter('copying', 700);
    await expect(copy({ watch, signal, stretchLength: 50_000 })).rejects.toMatchObject({
      name: 'AbortError',
    });
    const store = await createPgliteStore({
      directory: path.join(dataDir, 'database'),
      durability: 'relaxed',
      log: quiet,
    });
    await store.saveTags(writeOf('a', { title: 'another' }));
    await store.close();
    await expect(copy()).rejects.toThrow(/products: 506 rows against 506; "a" differs/);
    expect(counts(await copy({ restart: true }))).toMatchObject({ products: 506, tag_history: 10 });
  });

  describe('a wrong target is refused and left as it is', () => {
    const tables = async () =>
      (await target.run('select relname from pg_class where relkind = $$r$$')).rows.length;

    test('data of a hangtag', async () => {
      const store = await openTarget();
      await store.saveTags(writeOf('theirs'));
      await store.close();
      const before = await tables();
      await expect(copy()).rejects.toThrow(/holds data already \(.*products.*\)\. Use an empty database/);
      await expect(copy({ restart: true })).rejects.toThrow('holds data already');
      expect(await tables()).toBe(before);
    });

    test('a hangtag that was started there but never used is no data', async () => {
      const store = await openTarget();
      await store.ping();
      await store.close();
      expect(counts(await copy())).toEqual(everything);
    });

    test('tables of another program under the same names', async () => {
      await target.run('create table products (price numeric)');
      const before = await tables();
      await expect(copy()).rejects.toThrow('tables of another program (products)');
      expect(await tables()).toBe(before);
    });

    test('a finished copy, a copy of another store, and the very same database', async () => {
      await copy();
      await expect(copy()).rejects.toThrow('holds a finished copy of this store, made 20');
      await expect(copy({ restart: true })).rejects.toThrow('finished copy');
      const other = path.join(dataDir, 'other');
      await fillStore(other, { stranger: true });
      await expect(copy({ from: other })).rejects.toThrow('copy of another store');
      const transfer = createStoreTransfer({
        dataDir,
        databaseUrl: target.url,
        durability: 'relaxed',
        log: quiet,
        queueConstruction,
      });
      const same = { from: null, to: target.url, restart: false };
      await expect(transfer.copy(same, unwatched, never)).rejects.toThrow('are the same database');
    });

    test('a hangtag is running on it, or another copy', async () => {
      const store = await openTarget();
      await store.ping();
      await expect(copy()).rejects.toThrow(/A hangtag is running on .*Stop it first/);
      await store.close();
      const holding = atServer(target.url, quiet, async ({ session }) => {
        await sql`select pg_advisory_lock(4716230119)`.execute(session);
        await expect(copy()).rejects.toThrow('Another copy into');
      });
      await holding;
    }, 40_000);

    test('another encoding, nobody there, no embedded store', async () => {
      const name = new URL(target.url).pathname.slice(1);
      await target.run(`create database ${name}_ascii encoding 'SQL_ASCII' template template0`);
      try {
        const to = Object.assign(new URL(target.url), { pathname: `/${name}_ascii` }).href;
        await expect(copy({ to })).rejects.toThrow('encoded in SQL_ASCII');
      } finally {
        await target.run(`drop database ${name}_ascii`);
      }
      await expect(copy({ to: 'postgres://127.0.0.1:1/x' })).rejects.toMatchObject({
        code: 'store.unavailable',
      });
      await expect(copy({ from: folder })).rejects.toThrow('There is no embedded database in');
    });
  });

  test('a running service keeps its store to itself', async () => {
    const store = await createPgliteStore({
      directory: path.join(dataDir, 'database'),
      durability: 'relaxed',
      log: quiet,
    });
    await expect(copy()).rejects.toThrow(`is in use by pid ${process.pid}`);
    await store.close();
  });

  test('a table that nobody listed stops the copy before anything is copied', async () => {
    await runEmbedded(dataDir, (db) => sql`create table novelty (id integer primary key)`.execute(db));
    await expect(copy()).rejects.toThrow('does not know how to copy novelty');
    expect((await target.run('select 1 from products')).rows).toEqual([]);
  });

  test('numbers go on where they were', async () => {
    await runEmbedded(dataDir, async (db) => {
      await sql`create sequence numbers`.execute(db);
      await sql`select setval('numbers', 4711)`.execute(db);
    });
    await target.run('create sequence numbers');
    await copy();
    expect((await target.run(`select nextval('numbers')::int as next`)).rows).toEqual([{ next: 4712 }]);
  });

  test('from one server to another, beside tables of another program', async () => {
    await copy();
    await target.run('create table orders (id integer)');
    const second = await freshDatabase(server!);
    try {
      const transfer = createStoreTransfer({
        dataDir: folder,
        databaseUrl: target.url,
        durability: 'relaxed',
        log: quiet,
        queueConstruction,
      });
      const tables = await transfer.copy({ from: null, to: second.url, restart: false }, unwatched, never);
      expect(counts(tables)).toEqual(everything);
      expect((await second.run(`select to_regclass('orders') as orders`)).rows).toEqual([{ orders: null }]);
    } finally {
      await second.drop();
    }
  });
});
