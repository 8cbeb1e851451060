/** What is remembered of pictures that were fetched: see the sixth migration. */
import { type Kysely, sql } from 'kysely';
import type { RememberedPicture, RememberedPictures } from '../../application/ports-web.ts';
import { plain } from './rows.ts';
import type { Tables } from './tables.ts';

export function createSqlFetchedImages(db: Kysely<Tables>): RememberedPictures {
  return {
    async find(keys) {
      if (keys.length === 0) return new Map();
      const rows = await db
        .selectFrom('fetched_images')
        .select(['reference', 'sha256', 'etag', 'last_modified'])
        .where('reference', '=', sql<string>`any(${[...new Set(keys)]}::text[])`)
        .execute();
      return new Map(
        rows.map(({ reference, sha256, etag, last_modified }): [string, RememberedPicture] => [
          reference,
          { sha256, validators: { etag, lastModified: last_modified } },
        ]),
      );
    },
    async save(pictures) {
      if (pictures.size === 0) return;
      const text = (value: string | null) => (value === null ? null : plain(value));
      await db
        .insertInto('fetched_images')
        .values(
          // In one order: two that save the same pictures cannot deadlock.
          [...pictures.keys()].sort().map((reference) => {
            const { sha256, validators } = pictures.get(reference)!;
            return {
              reference,
              sha256,
              etag: text(validators.etag),
              last_modified: text(validators.lastModified),
            };
          }),
        )
        .onConflict((conflict) =>
          conflict.column('reference').doUpdateSet({
            sha256: sql<string>`excluded.sha256`,
            etag: sql<string | null>`excluded.etag`,
            last_modified: sql<string | null>`excluded.last_modified`,
            fetched_at: sql<Date>`now()`,
          }),
        )
        .execute();
    },
  };
}
