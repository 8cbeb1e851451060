/**
 * `npx tsx bench/listing.ts [products]`: pages of `GET /products` on a store of many products, as the store asks for
 * them: how long a page takes, and which indexes serve it. On the embedded database, and on PostgreSQL where
 * TEST_DATABASE_URL names a server. Milliseconds are this machine's; the indexes are everybody's.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { createEmbeddedSession } from '../src/adapters/store/embedded-session.ts';
import { listProducts, productRows } from '../src/adapters/store/list-products.ts';
import { migrate } from '../src/adapters/store/migrate.ts';
import type { Tables } from '../src/adapters/store/tables.ts';
import type { ProductQuery } from '../src/application/ports.ts';
import { awaitsReview, hasFailures, uncertainty } from '../src/domain/review/standing.ts';
import { acceptedTags } from '../src/domain/tagging/tags.ts';
import { generatedTagSet, leaves } from './generated-products.ts';

const products = Number(process.argv[2] ?? 20_000);
const rounds = 9;
const log = { info() {}, warn: console.warn, error: console.error };

const everything: ProductQuery = {
  categories: null,
  tags: [],
  review: null,
  failed: false,
  sort: 'updated',
  limit: 50,
  after: null,
};
const questions: Readonly<Record<string, Partial<ProductQuery>>> = {
  'latest first': {},
  'latest first, 200 a page': { limit: 200 },
  'least sure first': { sort: 'uncertainty' },
  'pending, least sure first': { review: 'pending', sort: 'uncertainty' },
  'pending, latest first': { review: 'pending' },
  failed: { failed: true },
  'a leaf category': { categories: leaves.slice(0, 1) },
  'a category with 100 below': { categories: leaves.slice(0, 100) },
  'a common tag': { tags: [['color/navy']] },
  'a rare tag': { tags: [['occasion/rare']] },
  'two attributes, a rare one among them': { tags: [['color/navy', 'color/red'], ['occasion/rare']] },
  'pending in a category, with a tag': {
    review: 'pending',
    sort: 'uncertainty',
    categories: leaves.slice(0, 10),
    tags: [['color/navy']],
  },
  'what nobody has': { tags: [['color/mauve']] },
};

async function fill(db: Kysely<Tables>): Promise<void> {
  for (let done = 0; done < products; done += 200) {
    const rows = Array.from({ length: Math.min(200, products - done) }, (_, index) => {
      const tagSet = generatedTagSet(done + index);
      return {
        product_id: tagSet.productId,
        revision: 1,
        tag_set: JSON.stringify(tagSet),
        category_id: tagSet.category.values[0]?.id ?? null,
        accepted: [...acceptedTags(tagSet)],
        updated_at: sql<Date>`timestamptz '2026-01-01' + ${done + index} * interval '1 second'`,
        pending: awaitsReview(tagSet),
        uncertainty: uncertainty(tagSet),
        failed: hasFailures(tagSet),
      };
    });
    await db.insertInto('products').values(rows).execute();
  }
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

async function timed(db: Kysely<Tables>, query: ProductQuery) {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    await listProducts(db, query);
    times.push(performance.now() - began);
  }
  return median(times);
}

async function plan(db: Kysely<Tables>, query: ProductQuery): Promise<string> {
  const compiled = productRows(db, query).compile();
  const { rows } = await db.executeQuery<{ 'QUERY PLAN': string }>({
    ...compiled,
    sql: `explain ${compiled.sql}`,
  });
  const lines = rows.map((row) => row['QUERY PLAN']);
  const scans = lines.flatMap(
    (line) => /(?:Index (?:Only )?Scan(?: Backward)? using|Scan on) (\w+)/.exec(line)?.[1] ?? [],
  );
  const whole = lines.some((line) => /Seq Scan/.test(line)) ? ['EVERY ROW'] : [];
  const sorted = lines.some((line) => /^\s*(?:->)?\s*(?:Incremental )?Sort/.test(line)) ? ['sorted'] : [];
  return [...new Set([...whole, ...scans.filter((name) => name !== 'products'), ...sorted])].join(', ');
}

async function measure(name: string, db: Kysely<Tables>): Promise<void> {
  await migrate(db);
  const began = performance.now();
  await fill(db);
  console.log(`\n${name}: ${products} products, filled in ${Math.round(performance.now() - began)} ms`);
  for (const state of ['before the first vacuum', 'vacuumed and analysed']) {
    if (state.startsWith('vacuumed')) await sql`vacuum (analyze) products`.execute(db);
    console.log(`\n| ${state} | first page, ms | a page far on, ms | by |\n|---|---|---|---|`);
    for (const [what, part] of Object.entries(questions)) {
      const query = { ...everything, ...part };
      let after = null;
      for (let page = 0; page < 10; page++)
        after = (await listProducts(db, { ...query, after })).next ?? after;
      const far = { ...query, after };
      const times = [await timed(db, query), after ? await timed(db, far) : null];
      const plans = [...new Set([await plan(db, query), await plan(db, far)])].join(' / ');
      console.log(`| ${what} | ${times.map((time) => time?.toFixed(1) ?? '').join(' | ')} | ${plans} |`);
    }
  }
}

const folder = await mkdtemp(path.join(tmpdir(), 'hangtag-listing-'));
try {
  const { db, shutDown } = createEmbeddedSession(await PGlite.create(path.join(folder, 'database')), log);
  await measure('embedded', db);
  await shutDown();
  const server = process.env.TEST_DATABASE_URL;
  if (server) {
    const pool = new pg.Pool({ connectionString: server, max: 1 });
    const remote = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
    await measure('PostgreSQL', remote);
    await remote.destroy();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
