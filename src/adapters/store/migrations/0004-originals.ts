/**
 * Which pictures a product's history mentions, so that removing an original never has to read TagSets; and what is
 * remembered of removals (`application/sweep-originals.ts`).
 *
 * `picture_mentions` holds every picture that any revision rests on or rested on; a product's go with it.
 * Rows from before are filled in here, a batch at a time.
 */
import { type Kysely, sql } from 'kysely';
import type { TagSet } from '../../../domain/tagging/types.ts';
import { pictures } from '../rows.ts';

const before = [
  `create table picture_mentions (
     product_id text collate "C" not null references products on delete cascade,
     sha256 text collate "C" not null,
     primary key (product_id, sha256)
   )`,
  // Without a ticket: marked. With one: claimed until lease_until, and settled once removed_at is there.
  `create table original_removals (
     sha256 text collate "C" primary key,
     ticket text,
     lease_until timestamptz,
     removed_at timestamptz,
     marked_at timestamptz not null default now()
   )`,
  'create index original_removals_pending on original_removals (marked_at) where removed_at is null',
  // One row: whose originals a folder or a bucket holds.
  'create table identity (id integer primary key check (id = 1), token text not null)',
  'insert into identity (id, token) values (1, gen_random_uuid()::text)',
];
const after = ['create index picture_mentions_sha256 on picture_mentions (sha256)'];
const batch = 200;

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of before) await sql.raw(statement).execute(db);
  await fillIn(db);
  for (const statement of after) await sql.raw(statement).execute(db);
}

async function fillIn(db: Kysely<unknown>): Promise<void> {
  for (let last = { product_id: '', revision: 0 }; ; ) {
    const { rows } = await sql<{ product_id: string; revision: number; tag_set: TagSet }>`
      select product_id, revision, tag_set from tag_history
      where (product_id, revision) > (${last.product_id}, ${last.revision})
      order by product_id, revision limit ${batch}`.execute(db);
    const mentions = rows.flatMap(({ product_id, tag_set }) =>
      pictures(tag_set).map(({ sha256 }) => ({ product_id, sha256 })),
    );
    if (mentions.length > 0) {
      await sql`
        insert into picture_mentions (product_id, sha256)
        select * from unnest(${mentions.map((mention) => mention.product_id)}::text[],
                             ${mentions.map((mention) => mention.sha256)}::text[])
        on conflict do nothing`.execute(db);
    }
    const end = rows.at(-1);
    if (!end || rows.length < batch) return;
    last = end;
  }
}
