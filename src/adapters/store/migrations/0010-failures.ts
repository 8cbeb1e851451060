/** Work that ended as failed keeps its request until it expires, and is listed, newest first. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index operations_failed on operations (updated_at, id) include (source) where state = 'failed'`.execute(
    db,
  );
}
