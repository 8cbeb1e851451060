/** The SQL behind removals: tables of before filled in, and the place in the index that stands for a missing row. */
import { PGlite } from '@electric-sql/pglite';
import { sql } from 'kysely';
import pg from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { createEmbeddedSession } from '../../../src/adapters/store/embedded-session.ts';
import { migrate } from '../../../src/adapters/store/migrate.ts';
import { createPostgresStore } from '../../../src/adapters/store/postgres.ts';
import { createSqlStore } from '../../../src/adapters/store/sql-store.ts';
import { sha256, tagSetOf, writeOf } from '../../contracts/sample-tags.ts';
import { freshDatabase } from './fresh-database.ts';
import { quiet } from './quiet-log.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const shows = (name: string) => ({ images: [{ ...tagSetOf(name).images[0]!, index: 0 }], title: 'zero \0' });

test('what histories of before mention is filled in, the past included', async () => {
  const database = await PGlite.create();
  const { db, shutDown } = createEmbeddedSession(database, quiet);
  await migrate(db);
  const store = createSqlStore({ db, release: shutDown, log: quiet });
  closing.push(() => store.close());
  for (const product of ['a', 'b']) {
    for (const name of [`${product}-1`, `${product}-2`, 'shared'])
      await store.saveTags(writeOf(product, shows(name)));
  }
  await store.saveTags(writeOf('a', shows('a-3')));
  const identity = await store.identity();

  await sql`drop table picture_mentions, original_removals, identity`.execute(db);
  // As before that migration: what came after it goes too.
  await sql`drop table text_vectors, fetched_images, workers, received_events, catalog_products`.execute(db);
  await sql`drop index operations_failed`.execute(db);
  await sql`drop table deliveries, subscriptions, event_feed, events`.execute(db);
  await sql`drop sequence event_sequence`.execute(db);
  await sql`drop table import_items, imports`.execute(db);
  await sql`drop table active_meaning, taxonomies, calibrations`.execute(db);
  await sql`alter table operations drop column source`.execute(db);
  await sql`alter table products drop column withdrawn_at`.execute(db);
  await sql`delete from hangtag_migration where name >= '0004'`.execute(db);
  await migrate(db);
  const rows = await db.selectFrom('picture_mentions').select(['product_id', 'sha256']).execute();
  const expected = ['a a-1', 'a a-2', 'a a-3', 'a shared', 'b b-1', 'b b-2', 'b shared'];
  expect(rows.map((row) => `${row.product_id} ${row.sha256}`).sort()).toEqual(
    expected.map((line) => line.replace(/ (.*)/, (_, name: string) => ` ${sha256(name)}`)).sort(),
  );
  expect(await store.deleteProduct('a')).toEqual(['a-1', 'a-2', 'a-3'].map(sha256).sort());
  expect(await store.identity()).not.toBe(identity);
});

test('claiming leaves no trace in what is known of pictures', async () => {
  const database = await PGlite.create();
  const { db, shutDown } = createEmbeddedSession(database, quiet);
  await migrate(db);
  const store = createSqlStore({ db, release: shutDown, log: quiet });
  closing.push(() => store.close());
  await store.saveTags(writeOf('used'));
  const names = ['used', 'never seen', 'neither'].map(sha256);
  const { ticket, sha256s } = await store.claimRemovals(names, 1, 60_000);
  expect(sha256s).toHaveLength(1);
  const second = await store.claimRemovals(names, 10, 60_000);
  expect([...sha256s, ...second.sha256s].sort()).toEqual(names.slice(1).sort());
  const rows = await db.selectFrom('images').select('sha256').execute();
  expect(rows).toEqual([{ sha256: names[0] }]);

  // Settled ones are remembered for a day.
  await store.settleRemovals(ticket, sha256s);
  await sql`update original_removals set removed_at = now() - interval '25 hours' where ticket = ${ticket}`.execute(
    db,
  );
  await store.settleRemovals(second.ticket, second.sha256s);
  const kept = await db.selectFrom('original_removals').select('sha256').execute();
  expect(kept.map((row) => row.sha256)).toEqual(second.sha256s);
});

const server = process.env.TEST_DATABASE_URL;
describe.skipIf(!server)('on PostgreSQL (needs TEST_DATABASE_URL)', () => {
  async function opened() {
    const database = await freshDatabase(server!);
    closing.push(() => database.drop());
    const store = await createPostgresStore({ url: database.url, poolSize: 4, log: quiet });
    closing.push(() => store.close());
    const writer = new pg.Client({ connectionString: database.url });
    await writer.connect();
    closing.push(() => writer.end());
    return { store, writer };
  }
  const name = sha256('picture');
  const image = `insert into images (sha256, width, height, format, size, colors) values ('${name}', 1, 1, 'png', 1, '[]')`;

  test.each([
    ['commit', []],
    ['rollback', [name]],
  ])('a claim waits for a first writer that has not committed: %s', async (end, claimed) => {
    const { store, writer } = await opened();
    await store.saveTags(writeOf('sku'));
    await writer.query('begin');
    await writer.query(image);
    await writer.query(`insert into picture_mentions values ('sku', '${name}')`);
    let done = false;
    const claim = store.claimRemovals([name], 10, 60_000).finally(() => {
      done = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(done).toBe(false);
    await writer.query(end);
    expect((await claim).sha256s).toEqual(claimed);
  });

  test('a first writer waits for a claim that has not committed, and then meets it', async () => {
    const { store, writer } = await opened();
    await writer.query('begin');
    await writer.query(image);
    await writer.query(
      `insert into original_removals (sha256, ticket, lease_until) values ('${name}', 't', now() + interval '1 minute')`,
    );
    await writer.query(`delete from images where sha256 = '${name}'`);
    let done = false;
    const saving = store.saveTags(writeOf('picture')).finally(() => {
      done = true;
    });
    saving.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(done).toBe(false);
    await writer.query('commit');
    await expect(saving).rejects.toMatchObject({ removals: [{ ticket: 't', over: false }] });
    expect(await store.findTags('picture')).toBeNull();
  });
});
