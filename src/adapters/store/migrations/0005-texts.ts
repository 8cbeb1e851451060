/** Vectors of captions by sha256 of the text, under a model: what a text tower gave once is never asked again. */
import { type Kysely, sql } from 'kysely';

const statements = [
  // Little-endian float32, as in `image_vectors`.
  `create table text_vectors (
     model text collate "C" not null,
     hash text collate "C" not null,
     vector bytea not null,
     primary key (model, hash)
   )`,
  'alter table text_vectors alter column vector set storage external',
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
