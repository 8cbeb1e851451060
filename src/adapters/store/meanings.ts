/** Uploaded taxonomies and calibrations: see the tenth migration. Which are active: `active-meaning.ts`. */
import { type Kysely, type SqlBool, sql } from 'kysely';
import type {
  Meanings,
  StoredCalibration,
  StoredTaxonomy,
  TaxonomyFiles,
} from '../../application/ports-meaning.ts';
import { HangtagError } from '../../domain/errors.ts';
import type { Calibration } from '../../domain/tagging/calibration.ts';
import { createActiveMeaning } from './active-meaning.ts';
import type { Tables } from './tables.ts';
import { transacting } from './transactions.ts';

const now = sql<Date>`clock_timestamp()`;

export function createSqlMeanings(db: Kysely<Tables>): Meanings {
  return {
    ...createActiveMeaning(db),

    async addTaxonomy({ version, id, contentHash, files }) {
      const row = { version, id, content_hash: contentHash, files: JSON.stringify(files) };
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('taxonomies')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      const stored = await oneTaxonomy(db, version);
      if (stored.contentHash !== contentHash || stored.id !== id)
        throw new HangtagError('taxonomy.conflict', `The version ${version} has another content already.`);
      return { stored, created: numInsertedOrUpdatedRows === 1n };
    },

    async findTaxonomy(version) {
      const row = await db
        .selectFrom('taxonomies')
        .selectAll()
        .where('version', '=', version)
        .executeTakeFirst();
      return row ? { ...storedTaxonomy(row), files: row.files as TaxonomyFiles } : null;
    },

    async taxonomies(limit, after) {
      const rows = await db
        .selectFrom('taxonomies')
        .select(taxonomyColumns)
        .$if(after !== null, (query) =>
          query.where(
            sql<SqlBool>`(created_at, version) < (select created_at, version from taxonomies where version = ${after})`,
          ),
        )
        .orderBy('created_at', 'desc')
        .orderBy('version', 'desc')
        .limit(limit)
        .execute();
      return rows.map(storedTaxonomy);
    },

    async addCalibration(calibration, contentHash) {
      const { id, model, taxonomy } = calibration;
      const content = JSON.stringify(calibration);
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('calibrations')
        .values({ id, model, taxonomy, content_hash: contentHash, content, activated_at: null })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      const row = await db
        .selectFrom('calibrations')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      if (row.content_hash !== contentHash)
        throw new HangtagError('calibration.conflict', `The calibration ${id} has another content already.`);
      return { stored: storedCalibration(row), created: numInsertedOrUpdatedRows === 1n };
    },

    async findCalibration(id) {
      const row = await db.selectFrom('calibrations').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? storedCalibration(row) : null;
    },

    async calibrations(limit, after) {
      const rows = await db
        .selectFrom('calibrations')
        .selectAll()
        .$if(after !== null, (query) =>
          query.where(
            sql<SqlBool>`(created_at, id) < (select created_at, id from calibrations where id = ${after})`,
          ),
        )
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return rows.map(storedCalibration);
    },

    async chosenCalibration(model, taxonomy) {
      const row = await db
        .selectFrom('calibrations')
        .select('content')
        .where('model', '=', model)
        .where('taxonomy', '=', taxonomy)
        .where('chosen', '=', true)
        .executeTakeFirst();
      return row ? (row.content as Calibration) : null;
    },

    chooseCalibration: (model, taxonomy, id) =>
      transacting(db, async (trx) => {
        // The one row first: two choices at once follow each other.
        await trx.updateTable('active_meaning').set({ generation: sql<number>`generation + 1` }).execute();
        const ofThese = trx
          .updateTable('calibrations')
          .where('model', '=', model)
          .where('taxonomy', '=', taxonomy);
        await ofThese.set({ chosen: false }).where('chosen', '=', true).execute();
        if (id === null) return;
        const { numUpdatedRows } = await ofThese
          .set({ chosen: true, activated_at: now })
          .where('id', '=', id)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n)
          throw new HangtagError('calibration.not_found', 'There is no calibration with this id.');
      }),
  };
}

const taxonomyColumns = ['version', 'id', 'content_hash', 'created_at', 'activated_at'] as const;

async function oneTaxonomy(db: Kysely<Tables>, version: string): Promise<StoredTaxonomy> {
  const row = await db
    .selectFrom('taxonomies')
    .select(taxonomyColumns)
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  return storedTaxonomy(row);
}

interface Dated {
  readonly content_hash: string;
  readonly created_at: Date;
  readonly activated_at: Date | null;
}

const dated = ({ content_hash, created_at, activated_at }: Dated) => ({
  contentHash: content_hash,
  createdAt: created_at.toISOString(),
  activatedAt: activated_at?.toISOString() ?? null,
});

function storedTaxonomy(row: Dated & { readonly version: string; readonly id: string }): StoredTaxonomy {
  return { version: row.version, id: row.id, ...dated(row) };
}

function storedCalibration(
  row: Dated & { readonly content: unknown; readonly chosen: boolean },
): StoredCalibration {
  return { calibration: row.content as Calibration, chosen: row.chosen, ...dated(row) };
}
