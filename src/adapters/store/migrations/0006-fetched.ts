/**
 * What a picture that was fetched came to, and what its server said of it, by the sha256 of its reference: addresses may hold
 * secrets.
 */
import { type Kysely, sql } from 'kysely';

const statements = [
  `create table fetched_images (
     reference text collate "C" primary key,
     sha256 text collate "C" not null,
     etag text,
     last_modified text,
     fetched_at timestamptz not null default now()
   )`,
  'create index fetched_images_sha256 on fetched_images (sha256)',
  'create index fetched_images_fetched on fetched_images (fetched_at)',
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
