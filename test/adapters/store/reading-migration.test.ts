/** Products that were stored before there was a list: the migration finds out where each stands. Both databases. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEmbeddedSession } from '../../../src/adapters/store/embedded-session.ts';
import { migrate } from '../../../src/adapters/store/migrate.ts';
import * as tags from '../../../src/adapters/store/migrations/0001-tags.ts';
import * as reading from '../../../src/adapters/store/migrations/0002-reading.ts';
import type { Tables } from '../../../src/adapters/store/tables.ts';
import type { Decision, TagSet } from '../../../src/domain/tagging/types.ts';
import { decided, sha256, tagSetOf } from '../../contracts/sample-tags.ts';
import { type FreshDatabase, freshDatabase } from './fresh-database.ts';
import { quiet } from './quiet-log.ts';

/** A migration knows no tables but those it makes. */
const untyped = (db: Kysely<Tables>) => db as unknown as Kysely<unknown>;
const server = process.env.TEST_DATABASE_URL;
const suggested = (confidence: number): Decision => ({ ...decided('v', confidence), status: 'suggested' });
/** More than one batch, in an order that is not the order of writing. */
const count = 450;
const idOf = (index: number) => `${sha256(String(index)).slice(0, 6)}-${index}`;
const kinds: readonly Partial<TagSet>[] = [
  {},
  { attributes: { fit: suggested(0.8) } },
  { images: [{ index: 0, status: 'failed', view: null, variant: null, ref: null }] },
  {
    variants: [{ key: 'a', images: [0], attributes: { color: suggested(0.6) } }],
    title: 'Zero \u0000 in it',
  },
];
const expected = [
  { pending: false, uncertainty: 0, failed: false },
  { pending: true, uncertainty: 0.4, failed: false },
  { pending: false, uncertainty: 0, failed: true },
  { pending: true, uncertainty: 0.8, failed: false },
];

function migrationOf(
  name: string,
  open: () => Promise<{ db: Kysely<Tables>; close(): Promise<void> }>,
): void {
  describe(`0002-reading: ${name}`, () => {
    let db: Kysely<Tables>;
    let close: () => Promise<void>;
    beforeAll(async () => {
      ({ db, close } = await open());
    });
    afterAll(() => close?.());

    test('rows from before are filled in, and keep the time of their last change', async () => {
      await tags.up(untyped(db));
      for (let index = 0; index < count; index++) {
        const text = JSON.stringify(tagSetOf(idOf(index), { ...kinds[index % 4]!, revision: 1 }));
        await sql`insert into products (product_id, revision, tag_set, category_id, accepted, updated_at)
          values (${idOf(index)}, 1, ${text}, 't-shirt', array['color/navy'],
            timestamptz '2026-01-01' + ${index} * interval '1 second')`.execute(db);
      }
      await reading.up(untyped(db));
      const { rows } = await sql<{ product_id: string; second: number }>`
        select product_id, pending, uncertainty, failed,
          extract(epoch from updated_at - timestamptz '2026-01-01')::integer as second
        from products order by updated_at`.execute(db);
      expect(rows).toEqual(
        Array.from({ length: count }, (_, index) => ({
          product_id: idOf(index),
          ...expected[index % 4],
          second: index,
        })),
      );
    });

    test('the tables it made are those that a new database has', async () => {
      const { rows } = await sql<{ name: string }>`
        select indexname as name from pg_indexes where tablename in ('products', 'tombstones') order by 1`.execute(
        db,
      );
      expect(rows.map((row) => row.name)).toEqual([
        'products_accepted',
        'products_category',
        'products_failed',
        'products_pending',
        'products_pkey',
        'products_uncertainty',
        'products_updated',
        'tombstones_pkey',
      ]);
    });
  });
}

const folder = mkdtempSync(path.join(tmpdir(), 'hangtag-migration-'));
afterAll(() => rmSync(folder, { recursive: true }));

migrationOf('embedded', async () => {
  const { db, shutDown } = createEmbeddedSession(await PGlite.create(path.join(folder, 'database')), quiet);
  return { db, close: shutDown };
});

describe.skipIf(!server)('on PostgreSQL (needs TEST_DATABASE_URL)', () => {
  const databases: FreshDatabase[] = [];
  const open = async () => {
    const database = await freshDatabase(server!);
    databases.push(database);
    const pool = new pg.Pool({ connectionString: database.url });
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
    return { db, close: () => db.destroy() };
  };
  afterAll(async () => {
    for (const database of databases) await database.drop();
  });

  migrationOf('PostgreSQL', open);

  test('a database at the first version comes up to this one by itself', async () => {
    const { db, close } = await open();
    try {
      await sql`create table hangtag_migration (name varchar(255) primary key, timestamp varchar(255) not null)`.execute(
        db,
      );
      await tags.up(untyped(db));
      await sql`insert into hangtag_migration values ('0001-tags', '2026-01-01T00:00:00.000Z')`.execute(db);
      const text = JSON.stringify(tagSetOf('old', { ...kinds[1]!, revision: 1 }));
      await sql`insert into products (product_id, revision, tag_set, accepted) values ('old', 1, ${text}, '{}')`.execute(
        db,
      );
      await migrate(db);
      const row = await db.selectFrom('products').selectAll().executeTakeFirstOrThrow();
      expect(row).toMatchObject({ product_id: 'old', pending: true, uncertainty: 0.4, failed: false });
    } finally {
      await close();
    }
  });
});
