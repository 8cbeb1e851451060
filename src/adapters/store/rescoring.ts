/** Products read and written by the hundred, for those who decide a whole catalog anew: a few statements for each page of them. */
import { type Kysely, type SqlBool, sql, type Transaction } from 'kysely';
import type {
  RescoredWrite,
  RescoringCause,
  RescoringInput,
  RescoringQuery,
  RescoringScope,
  RescoringStore,
} from '../../application/ports-rescoring.ts';
import type { TagSet } from '../../domain/tagging/types.ts';
import { executing } from './operations.ts';
import { bytesToVector } from './rows.ts';
import type { Tables } from './tables.ts';
import { recordRevisions, renewRevisions, tagRow } from './tag-row.ts';
import { transacting } from './transactions.ts';

/** Every write of a product, in place too, is dated by the microsecond. */
const version = sql<string>`products.revision || '@' || (extract(epoch from products.updated_at) * 1000000)::bigint`;

export function createSqlRescoring(db: Kysely<Tables>): RescoringStore {
  return {
    readForRescoring: (query) => readPage(db, query),
    writeRescored: (writes, cause, within) =>
      transacting(db, async (trx) => {
        const moved = await writePage(trx, writes, cause);
        await within?.(executing(trx));
        return { moved };
      }),
  };
}

type Known = RescoringInput['pictures'][number];

async function readPage(db: Kysely<Tables>, query: RescoringQuery): Promise<readonly RescoringInput[]> {
  const { scope, model, after, limit } = query;
  const products = await db
    .selectFrom('products')
    .leftJoin('catalog_products', 'catalog_products.product_id', 'products.product_id')
    .select(['products.product_id', version.as('version')])
    .select(sql<string>`products.tag_set::text`.as('tag_set'))
    .select(sql<string | null>`catalog_products.state::text`.as('catalog'))
    .where('products.product_id', '>', after)
    .where('products.withdrawn_at', 'is', null)
    .where(within(scope))
    .orderBy('products.product_id')
    .limit(limit)
    .execute();
  if (products.length === 0) return [];
  const pictures = await db
    .selectFrom('product_images')
    .innerJoin('images', 'images.sha256', 'product_images.sha256')
    .innerJoin('image_vectors', 'image_vectors.sha256', 'product_images.sha256')
    .select(['product_images.product_id', 'product_images.sha256', 'image_vectors.vector'])
    .select(sql<string>`images.colors::text`.as('colors'))
    .where('product_images.product_id', '=', anyOf(products.map(({ product_id }) => product_id)))
    .where('image_vectors.model', '=', model)
    .execute();
  const known = new Map(products.map(({ product_id }) => [product_id, [] as Known[]]));
  for (const { product_id, sha256, vector, colors } of pictures) {
    known.get(product_id)?.push({ sha256, vector: bytesToVector(vector), colors });
  }
  return products.map(({ product_id, version, tag_set, catalog }) => ({
    productId: product_id,
    version,
    tagSet: tag_set,
    pictures: known.get(product_id)!,
    catalog,
  }));
}

function anyOf(values: readonly string[]) {
  return sql<string>`any(${[...values]}::text[])`;
}

/**
 * What stands in the TagSet's provenance, as text. PostgreSQL reads nothing out of JSON that holds U+0000 anywhere, such as in a title:
 * another character stands in for it.
 */
const said = (name: string) =>
  sql<string>`(replace(products.tag_set::text, '\\u0000', '\\u0001')::json #>> ${sql.lit(`{provenance,${name}}`)})`;

function within(scope: RescoringScope) {
  if ('ids' in scope) return sql<SqlBool>`products.product_id = ${anyOf(scope.ids)}`;
  if ('categories' in scope) return sql<SqlBool>`products.category_id = ${anyOf(scope.categories)}`;
  if ('tag' in scope) return sql<SqlBool>`products.accepted && ${[scope.tag]}::text[]`;
  if ('taggedBefore' in scope) {
    return sql<SqlBool>`${said('taggedAt')}::timestamptz < ${scope.taggedBefore}::timestamptz`;
  }
  if ('notModel' in scope) return sql<SqlBool>`${said('model')} <> ${scope.notModel}`;
  if ('notTaxonomy' in scope) return sql<SqlBool>`${said('taxonomyHash')} <> ${scope.notTaxonomy}`;
  return sql<SqlBool>`true`;
}

/** The ids of those that are not as they were read. */
async function writePage(
  trx: Transaction<Tables>,
  writes: readonly RescoredWrite[],
  cause: RescoringCause,
): Promise<readonly string[]> {
  const ids = writes.map(({ productId }) => productId);
  // In the order of ids, as everybody locks products.
  const locked = await trx
    .selectFrom('products')
    .select(['product_id', version.as('version')])
    // Read before it is overwritten, where somebody is to be told of it.
    .select(
      sql<string>`case when product_id = ${anyOf(revising(writes))} then tag_set::text end`.as('before'),
    )
    .where('product_id', '=', anyOf(ids))
    .where('withdrawn_at', 'is', null)
    .orderBy('product_id')
    .forUpdate()
    .execute();
  const standing = new Map(locked.map((row) => [row.product_id, row]));
  const still = writes.filter(({ productId, from }) => standing.get(productId)?.version === from);
  await updateRows(trx, still);
  const entry = ({ productId, tagSet }: RescoredWrite) => ({
    productId,
    before: () => JSON.parse(standing.get(productId)!.before) as TagSet,
    after: () => JSON.parse(tagSet) as TagSet,
  });
  const fresh = still.filter(({ revise }) => revise);
  await recordRevisions(trx, fresh.map(entry), cause);
  await renewRevisions(
    trx,
    still.filter(({ revise }) => !revise).map(({ productId }) => productId),
  );
  const written = new Set(still.map(({ productId }) => productId));
  return ids.filter((id) => !written.has(id));
}

const revising = (writes: readonly RescoredWrite[]) =>
  writes.filter(({ revise }) => revise).map(({ productId }) => productId);

async function updateRows(trx: Transaction<Tables>, writes: readonly RescoredWrite[]): Promise<void> {
  if (writes.length === 0) return;
  const rows = writes.map(({ revision, tagSet, facts }) => tagRow(revision, tagSet, facts));
  const column = <T>(read: (row: (typeof rows)[number]) => T) => rows.map(read);
  await sql`
    update products set
      revision = fresh.revision, tag_set = fresh.tag_set::json, category_id = fresh.category_id,
      accepted = array(select json_array_elements_text(fresh.accepted::json)),
      pending = fresh.pending, uncertainty = fresh.uncertainty, failed = fresh.failed,
      updated_at = clock_timestamp()
    from unnest(
      ${writes.map(({ productId }) => productId)}::text[], ${column((row) => row.revision)}::integer[],
      ${texts(column((row) => row.tag_set))}, ${column((row) => row.category_id)}::text[],
      ${texts(column((row) => JSON.stringify(row.accepted)))}, ${column((row) => row.pending)}::boolean[],
      ${column((row) => row.uncertainty)}::double precision[], ${column((row) => row.failed)}::boolean[]
    ) as fresh (product_id, revision, tag_set, category_id, accepted, pending, uncertainty, failed)
    where products.product_id = fresh.product_id`.execute(trx);
}

/** An array of JSON texts. A control character divides them, which JSON never holds: the driver has nothing to escape. */
function texts(list: readonly string[]) {
  return sql<string[]>`string_to_array(${list.join('\u001e')}, chr(30))`;
}
