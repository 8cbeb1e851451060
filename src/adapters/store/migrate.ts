/** Brings the tables up to this version. Several processes may start at once: one works, the others wait for it. */
import { type Kysely, Migrator, sql } from 'kysely';
import * as tags from './migrations/0001-tags.ts';
import * as reading from './migrations/0002-reading.ts';
import * as acceptance from './migrations/0003-acceptance.ts';
import * as originals from './migrations/0004-originals.ts';
import * as texts from './migrations/0005-texts.ts';
import * as fetched from './migrations/0006-fetched.ts';
import * as catalog from './migrations/0007-catalog.ts';
import * as outgoing from './migrations/0008-outgoing.ts';
import * as imports from './migrations/0009-imports.ts';
import * as failures from './migrations/0010-failures.ts';
import * as meanings from './migrations/0011-meanings.ts';
import type { Tables } from './tables.ts';

/** In order, for ever: a migration that was released is never edited, only followed by another. */
const migrations = {
  '0001-tags': tags,
  '0002-reading': reading,
  '0003-acceptance': acceptance,
  '0004-originals': originals,
  '0005-texts': texts,
  '0006-fetched': fetched,
  '0007-catalog': catalog,
  '0010-failures': failures,
  '0008-outgoing': outgoing,
  '0009-imports': imports,
  '0011-meanings': meanings,
};

/** Any number that no other program on the same database uses for its advisory locks. */
const lockKey = 4_716_230_118;

export async function migrate(db: Kysely<Tables>): Promise<void> {
  await db.connection().execute(async (session) => {
    await sql`select pg_advisory_lock(${lockKey}::bigint)`.execute(session);
    try {
      const { error } = await new Migrator({
        db: session,
        provider: { getMigrations: async () => migrations },
        migrationTableName: 'hangtag_migration',
        migrationLockTableName: 'hangtag_migration_lock',
      }).migrateToLatest();
      if (error) throw error;
    } finally {
      await sql`select pg_advisory_unlock(${lockKey}::bigint)`.execute(session);
    }
  });
}
