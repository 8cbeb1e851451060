/**
 * One tagging run made durable: a single transaction, with the product locked from reading its TagSet to the commit.
 *
 * Locks are always taken in one order (the product, then images by sha256, then vectors by sha256), so that products
 * which share pictures cannot deadlock. Where PostgreSQL still undoes a transaction, it runs again.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { TagWrite } from '../../application/ports.ts';
import { HangtagError } from '../../domain/errors.ts';
import { CatalogMoved } from '../../domain/events/catalog-moved.ts';
import { productTagged } from '../../domain/events/outgoing.ts';
import { withoutExplanations } from '../../domain/tagging/explain.ts';
import { admit, afterInput } from '../../domain/tagging/input-order.ts';
import { tagFacts } from '../../domain/tagging/tag-facts.ts';
import type { TagSet } from '../../domain/tagging/types.ts';
import { announce } from './announce.ts';
import { AnsweredBefore, rememberAnswer } from './answered-calls.ts';
import { lockProduct } from './lock-product.ts';
import { meetRemovals } from './removals.ts';
import { checkedProductId, pictures, vectorToBytes } from './rows.ts';
import { nextSequence } from './sequence.ts';
import type { Tables } from './tables.ts';
import { now, recordRevisions, renewRevisions, tagRow } from './tag-row.ts';
import { transacting } from './transactions.ts';

export async function writeTags(db: Kysely<Tables>, write: TagWrite): Promise<TagSet> {
  checkedProductId(write.productId);
  try {
    return await transacting(db, (trx) => writeOnce(trx, write));
  } catch (error) {
    if (error instanceof AnsweredBefore && error.answer.tagSet) return error.answer.tagSet;
    throw error;
  }
}

async function writeOnce(trx: Transaction<Tables>, write: TagWrite): Promise<TagSet> {
  const { productId, cause, input } = write;
  const standing = await lockProduct(trx, productId);
  const { withdrawn, last, inputs } = standing;
  await meetCatalog(trx, write);
  const current = write.revives ? (standing.current ?? withdrawn) : standing.current;
  // What has a row, in sight or not.
  const before = standing.current ?? withdrawn;
  const decided = write.decide(current, input && admit(inputs, input));
  if (!decided) {
    if (current) return current;
    throw new HangtagError('product.not_found', 'The product was deleted; nothing was stored.');
  }
  const { tagSet, revise } = decided;
  const revising = revise || current === null;
  const revision = last + (revising ? 1 : 0);
  const answer: TagSet = { ...tagSet, revision };
  const stored = withoutExplanations(answer);
  const text = JSON.stringify(stored);

  await writeImages(trx, write);
  await meetRemovals(trx, write);
  const row = {
    ...tagRow(revision, text, tagFacts(answer)),
    updated_at: now,
    ...(input ? { inputs: JSON.stringify(afterInput(inputs, input)) } : {}),
  };
  if (before === null) {
    await trx
      .insertInto('products')
      .values({ product_id: productId, ...row })
      .execute();
  } else {
    await trx
      .updateTable('products')
      .set({ ...row, withdrawn_at: null })
      .where('product_id', '=', productId)
      .execute();
  }
  if (withdrawn) await saidAgain(trx, productId);
  if (revising) {
    // Of one that was withdrawn it was told that it is gone: all of it is news.
    const entry = { productId, before: () => standing.current, after: () => stored };
    await recordRevisions(trx, [entry], { cause, causeId: write.causeId ?? null });
  } else {
    await renewRevisions(trx, [productId]);
    const causeId = write.causeId ?? null;
    if (withdrawn) await announce(trx, productTagged({ before: null, after: stored, cause, causeId }));
  }
  await writeUses(trx, productId, before, answer);
  if (write.call) await rememberAnswer(trx, write.call, { productId, tagSet: answer });
  return answer;
}

/** Throws where the answer rests on what the shop no longer says. */
async function meetCatalog(trx: Transaction<Tables>, { productId, catalog }: TagWrite): Promise<void> {
  if (catalog === undefined) return;
  const row = await trx
    .selectFrom('catalog_products')
    .select('version')
    .where('product_id', '=', productId)
    .executeTakeFirst();
  if (row?.version !== catalog) throw new CatalogMoved();
}

/** A product is back: the same deletion, said again, is a new one from here on. */
async function saidAgain(trx: Transaction<Tables>, productId: string): Promise<void> {
  const sequence = await nextSequence(trx);
  await trx.updateTable('catalog_products').set({ sequence }).where('product_id', '=', productId).execute();
}

async function writeImages(trx: Transaction<Tables>, { images, model, vectors }: TagWrite): Promise<void> {
  const facts = new Map(images.map((image) => [image.facts.sha256, image]));
  // Held from here to the commit: a deletion elsewhere waits, then counts this product. One that was faster took the
  // picture away after the insert had found it, so it is written again.
  for (let kept = 0; kept < facts.size; ) {
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
    const held = await trx
      .selectFrom('images')
      .select('sha256')
      .where('sha256', '=', sql<string>`any(${[...facts.keys()]}::text[])`)
      .orderBy('sha256')
      .forKeyShare()
      .execute();
    kept = held.length;
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

/** Which pictures the product uses, and which its history mentions; written only where they changed. */
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
      .with('mentioned', (db) =>
        db
          .insertInto('picture_mentions')
          .values(uses.map(({ sha256 }) => ({ product_id: productId, sha256 })))
          .onConflict((conflict) => conflict.doNothing()),
      )
      .insertInto('product_images')
      .values(uses.map((use) => ({ product_id: productId, ...use })))
      .execute();
  }
}
