/** An embedded store with something of everything, for tests that move it: odd spellings, revisions, a deleted product. */
import path from 'node:path';
import { sql } from 'kysely';
import { createPgliteStore, openEmbedded } from '../../../../src/adapters/store/pglite.ts';
import type { Session } from '../../../../src/adapters/store/transfer/end.ts';
import type { Store } from '../../../../src/application/ports.ts';
import type { TransferWatch } from '../../../../src/application/ports-transfer.ts';
import { countUp, sha256, writeOf } from '../../../contracts/sample-tags.ts';
import { copyEmptyDatabase } from '../fresh-database-folder.ts';
import { quiet } from '../quiet-log.ts';

export const oddId = 'Blüse "a\\b", {null} \u{1F457}';
const ids = ['sku-1', 'sku-2', 'a', 'B', 'ä', oddId];

/** `stranger`: created by itself, so that it is no other copy of the run's database and has a name of its own. */
export async function fillStore(dataDir: string, { stranger = false } = {}): Promise<void> {
  if (!stranger) copyEmptyDatabase(path.join(dataDir, 'database'));
  const store = await createPgliteStore({
    directory: path.join(dataDir, 'database'),
    durability: 'relaxed',
    log: quiet,
  });
  for (const id of ids) await store.saveTags(writeOf(id, { title: `${id} \u0000 \\u0041 NULL` }));
  for (let revision = 0; revision < 3; revision++) await store.saveTags(countUp('sku-1'));
  await store.saveTags(writeOf('gone'));
  await store.deleteProduct('gone');
  await store.ping();
  await store.close();
}

/** Statements beside the store. */
export async function runEmbedded<T>(dataDir: string, work: (db: Session) => Promise<T>): Promise<T> {
  const { db, close } = await openEmbedded({
    directory: path.join(dataDir, 'database'),
    durability: 'relaxed',
    log: quiet,
  });
  try {
    return await work(db);
  } finally {
    await db.destroy();
    await close();
  }
}

/** More rows than one stretch holds, without a model. */
export async function addProducts(dataDir: string, count: number): Promise<void> {
  await runEmbedded(dataDir, async (db) => {
    await sql`
      insert into products (product_id, revision, tag_set, accepted, updated_at, uncertainty)
      select 'many-' || n, 1, ('{"n": ' || n || ' }')::json, array['color/navy', 'say "' || n || '"', null],
        timestamptz '2026-01-01 00:00:00.000001Z' + n * interval '1 microsecond', n / 7.0
      from generate_series(1, ${count}::int) n`.execute(db);
    await sql`
      insert into image_vectors (sha256, model, vector)
      select encode(sha256(n::text::bytea), 'hex'), 'm@1', sha512(n::text::bytea)
      from generate_series(1, ${count}::int) n`.execute(db);
    await sql`
      insert into text_vectors (hash, model, vector)
      select encode(sha256(n::text::bytea), 'hex'), 'm@1', sha512(n::text::bytea)
      from generate_series(1, 30) n`.execute(db);
    await sql`
      insert into fetched_images (reference, sha256, etag, fetched_at)
      select encode(sha256(n::text::bytea), 'hex'), 'a', case when n > 3 then 'W/"é' || n || '"' end,
        timestamptz '2026-01-01 00:00:00.000001Z'
      from generate_series(1, 7) n`.execute(db);
    await sql`
      insert into taxonomies (version, id, content_hash, files)
      select n || '.0.0', 'small', md5(n::text), '{"taxonomy.yaml": "\\u0000" }'::json
      from generate_series(1, 3) n`.execute(db);
    // What is active refers to one of them, and takes the place of the row that a new database has.
    await sql`update active_meaning set taxonomy = '2.0.0', generation = 5`.execute(db);
    await sql`
      insert into calibrations (id, model, taxonomy, content_hash, content, chosen)
      values ('m/2.0.0/1', 'm', 'small@2.0.0', 'x', '{}', true)`.execute(db);
  });
}

/** Everything that the service could ask, as text. */
export async function answersOf(store: Store): Promise<string> {
  const list = async (sort: 'updated' | 'uncertainty') =>
    store.list({
      categories: null,
      tags: [],
      review: null,
      failed: false,
      sort,
      limit: 200,
      after: null,
    });
  const answers: unknown[] = [await list('updated'), await list('uncertainty')].map(({ items, next }) => [
    items,
    next?.key,
    next?.productId,
  ]);
  for (const id of [...ids, 'gone']) {
    answers.push(await store.findTags(id), await store.history(id, 10));
    const images = await store.findImages([sha256(id)], 'm@1');
    answers.push([...images].map(([key, { vector, ...rest }]) => [key, rest, [...vector]]));
  }
  // Deleted products' revisions count on.
  answers.push((await store.saveTags(writeOf('gone'))).revision);
  return JSON.stringify(answers);
}

export const unwatched: TransferWatch = { begin() {}, advance() {} };
export const never = new AbortController().signal;
