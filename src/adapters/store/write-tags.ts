/**
 * One tagging run made durable: a single transaction, with the product locked from reading its TagSet to the commit.
 *
 * Locks are always taken in one order (the product, then images by sha256, then vectors by sha256), so that products
 * which share pictures cannot deadlock. Where PostgreSQL still undoes a transaction, it runs again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { TagWrite } from '../../application/ports.ts';
import { withoutExplanations } from '../../domain/tagging/explain.ts';
import { acceptedTags } from '../../domain/tagging/tags.ts';
import type { TagSet } from '../../domain/tagging/types.ts';
import { isLostRace, translated } from './failures.ts';
import { acceptedCategory, checkedProductId, pictures, plain, vectorToBytes } from './rows.ts';
import type { Tables } from './tables.ts';

/** How often a transaction that lost a race is tried in all. */
const attempts = 6;

export async function writeTags(db: Kysely<Tables>, write: TagWrite): Promise<TagSet> {
  checkedProductId(write.productId);
  for (let attempt = 1; ; attempt++) {
    try {
      return await db
        .transaction()
        .setIsolationLevel('read committed')
        .execute((trx) => writeOnce(trx, write));
    } catch (error) {
      if (!isLostRace(error)) throw error;
      if (attempt === attempts) throw translated(error);
      await pause(Math.random() * 10 * 2 ** attempt);
    }
  }
}

async function writeOnce(trx: Transaction<Tables>, write: TagWrite): Promise<TagSet> {
  const { productId, cause } = write;
  const current = await lockProduct(trx, productId);
  const { tagSet, revise } = write.decide(current);
  const revising = revise || current === null;
  const revision = (current?.revision ?? 0) + (revising ? 1 : 0);
  const answer: TagSet = { ...tagSet, revision };
  const text = JSON.stringify(withoutExplanations(answer));

  await writeImages(trx, write);
  const row = {
    revision,
    tag_set: text,
    category_id: acceptedCategory(answer),
    accepted: acceptedTags(answer).map(plain),
    updated_at: sql<Date>`now()`,
  };
  if (current === null) {
    await trx
      .insertInto('products')
      .values({ product_id: productId, ...row })
      .execute();
  } else {
    await trx.updateTable('products').set(row).where('product_id', '=', productId).execute();
  }
  if (revising) {
    await trx
      .insertInto('tag_history')
      .values({ product_id: productId, revision, tag_set: text, cause: plain(cause) })
      .execute();
  } else {
    await trx
      .updateTable('tag_history')
      .set({ tag_set: text })
      .where('product_id', '=', productId)
      .where('revision', '=', revision)
      .execute();
  }
  await writeUses(trx, productId, current, answer);
  return answer;
}

/** The product's TagSet, nobody else's to change until this transaction ends; null where there is none yet. */
async function lockProduct(trx: Transaction<Tables>, productId: string): Promise<TagSet | null> {
  const locked = () =>
    trx
      .selectFrom('products')
      .select('tag_set')
      .where('product_id', '=', productId)
      .forUpdate()
      .executeTakeFirst();
  let row = await locked();
  if (!row) {
    // There is no row to lock yet: first writes queue behind a lock named after the id, and look again.
    await sql`select pg_advisory_xact_lock(hashtextextended(${productId}, 0))`.execute(trx);
    row = await locked();
  }
  return row ? (row.tag_set as TagSet) : null;
}

async function writeImages(trx: Transaction<Tables>, { images, model, vectors }: TagWrite): Promise<void> {
  const facts = new Map(images.map((image) => [image.facts.sha256, image]));
  if (facts.size > 0) {
    await trx
      .insertInto('images')
      .values(
        [...facts.keys()].sort().map((sha256) => {
          const { facts: fact, colors } = facts.get(sha256)!;
          const { width, height, format, size } = fact;
          return { sha256, width, height, format, size, colors: JSON.stringify(colors) };
        }),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  if (vectors.size > 0) {
    await trx
      .insertInto('image_vectors')
      .values(
        [...vectors.keys()]
          .sort()
          .map((sha256) => ({ sha256, model, vector: vectorToBytes(vectors.get(sha256)!) })),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** Which pictures the product uses, rewritten only where they changed. */
async function writeUses(
  trx: Transaction<Tables>,
  productId: string,
  before: TagSet | null,
  after: TagSet,
): Promise<void> {
  const uses = pictures(after);
  if (before && JSON.stringify(pictures(before)) === JSON.stringify(uses)) return;
  if (before) await trx.deleteFrom('product_images').where('product_id', '=', productId).execute();
  if (uses.length > 0) {
    await trx
      .insertInto('product_images')
      .values(uses.map((use) => ({ product_id: productId, ...use })))
      .execute();
  }
}
