/** Text vectors by hash, in the store's database: shared by all processes, and encoded once for each model. */
import { type Kysely, sql } from 'kysely';
import type { TextVectors } from '../../application/ports-clip.ts';
import { bytesToVector, vectorToBytes } from './rows.ts';
import type { Tables } from './tables.ts';
import { transacting } from './transactions.ts';

/** Rows of one statement: some megabytes. */
const atOnce = 1000;

export function createSqlTextVectors(db: Kysely<Tables>): TextVectors {
  return {
    async find(model, hashes) {
      const found = new Map<string, Float32Array>();
      for (let start = 0; start < hashes.length; start += atOnce) {
        const rows = await db
          .selectFrom('text_vectors')
          .select(['hash', 'vector'])
          .where('model', '=', model)
          .where('hash', '=', sql<string>`any(${hashes.slice(start, start + atOnce)}::text[])`)
          .execute();
        for (const { hash, vector } of rows) found.set(hash, bytesToVector(vector));
      }
      return found;
    },
    async save(model, vectors) {
      if (vectors.size === 0) return;
      // In one order, so that two processes that save the same cannot deadlock.
      const rows = [...vectors.keys()]
        .sort()
        .map((hash) => ({ model, hash, vector: vectorToBytes(vectors.get(hash)!) }));
      await transacting(db, async (trx) => {
        for (let start = 0; start < rows.length; start += atOnce) {
          await trx
            .insertInto('text_vectors')
            .values(rows.slice(start, start + atOnce))
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
      });
    },
  };
}
