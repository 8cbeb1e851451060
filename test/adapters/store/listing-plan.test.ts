/** Twenty thousand products: every list that people ask for is served by an index, on both databases. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEmbeddedSession } from '../../../src/adapters/store/embedded-session.ts';
import { listProducts, productRows } from '../../../src/adapters/store/list-products.ts';
import { migrate } from '../../../src/adapters/store/migrate.ts';
import type { Tables } from '../../../src/adapters/store/tables.ts';
import type { ProductQuery } from '../../../src/application/ports.ts';
import { type FreshDatabase, freshDatabase } from './fresh-database.ts';
import { quiet } from './quiet-log.ts';

const server = process.env.TEST_DATABASE_URL;
const everything: ProductQuery = {
  categories: null,
  tags: [],
  review: null,
  failed: false,
  sort: 'updated',
  limit: 50,
  after: null,
};

/** Every 5th pending, every 100th failed, 200 categories, 8 colours, every 500th with a rare tag. */
const fill = sql`
  insert into products (product_id, revision, tag_set, category_id, accepted, updated_at, pending, uncertainty, failed)
  select 'p' || n, 1, json_build_object('productId', 'p' || n), 'c' || n % 200,
    array['color/' || n % 8] || case when n % 500 = 0 then array['occasion/rare'] else array[]::text[] end,
    timestamptz '2026-01-01' + n * interval '1 second',
    n % 5 = 0, case when n % 5 = 0 then (n * 7919 % 10000) / 10000.0 else 0 end, n % 100 = 0
  from generate_series(1, 20000) as n`;

function plansOf(name: string, open: () => Promise<{ db: Kysely<Tables>; close(): Promise<void> }>): void {
  describe(`listing 20,000 products: ${name}`, () => {
    let db: Kysely<Tables>;
    let close: () => Promise<void>;
    beforeAll(async () => {
      ({ db, close } = await open());
      await migrate(db);
      await fill.execute(db);
      await sql`vacuum (analyze) products`.execute(db);
    });
    afterAll(() => close?.());

    async function explained(part: Partial<ProductQuery>): Promise<string> {
      const compiled = productRows(db, { ...everything, ...part }).compile();
      const { rows } = await db.executeQuery<{ 'QUERY PLAN': string }>({
        ...compiled,
        sql: `explain ${compiled.sql}`,
      });
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    }

    test.each<[string, Partial<ProductQuery>, string]>([
      ['latest first', {}, 'products_updated'],
      ['least sure first', { sort: 'uncertainty' }, 'products_uncertainty'],
      ['pending, least sure first', { review: 'pending', sort: 'uncertainty' }, 'products_pending'],
      ['failed', { failed: true }, 'products_failed'],
      ['a category', { categories: ['c1'] }, 'products_category'],
      ['a rare tag', { tags: [['occasion/rare']] }, 'products_accepted'],
      [
        'one of several tags, and a rare one',
        { tags: [['color/1', 'color/2'], ['occasion/rare']] },
        'products_accepted',
      ],
      ['what nobody has', { tags: [['color/99']] }, 'products_accepted'],
    ])('%s: by its index, the first page and a later one', async (_, part, index) => {
      expect(await explained(part)).toContain(index);
      const { next } = await listProducts(db, { ...everything, ...part, limit: 20 });
      const later = await explained({ ...part, after: next });
      expect(later).toContain(index);
      expect(later).not.toContain('Seq Scan');
    });

    test('a page reads a page, however far on: no list is sorted as a whole', async () => {
      for (const part of [{}, { sort: 'uncertainty' }, { sort: 'uncertainty', review: 'pending' }] as const) {
        const { next } = await listProducts(db, { ...everything, ...part, limit: 200 });
        for (const after of [null, next]) expect(await explained({ ...part, after })).not.toContain('Sort');
      }
    });
  });
}

const folder = mkdtempSync(path.join(tmpdir(), 'hangtag-listing-'));
afterAll(() => rmSync(folder, { recursive: true }));

plansOf('embedded', async () => {
  const { db, shutDown } = createEmbeddedSession(await PGlite.create(path.join(folder, 'database')), quiet);
  return { db, close: shutDown };
});

describe.skipIf(!server)('on PostgreSQL (needs TEST_DATABASE_URL)', () => {
  let database: FreshDatabase;
  afterAll(() => database?.drop());
  plansOf('PostgreSQL', async () => {
    database = await freshDatabase(server!);
    const pool = new pg.Pool({ connectionString: database.url });
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
    return { db, close: () => db.destroy() };
  });
});
