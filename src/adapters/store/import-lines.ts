/** The lines of an import: made durable as they arrive, listed where they failed, and gone with their product. */
import { createHash } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { FailedLine, ReceivedBatch, ReceivedLine } from '../../application/ports-imports.ts';
import { HangtagError, type Problem } from '../../domain/errors.ts';
import { lockImport } from './import-rows.ts';
import { plain } from './rows.ts';
import type { Tables } from './tables.ts';

/** Seconds until an import from which nothing is heard has broken off. */
export const silence = sql`interval '5 minutes'`;

export async function appendLines(
  trx: Transaction<Tables>,
  id: string,
  { lines, images, inferences }: ReceivedBatch,
): Promise<void> {
  const { state } = await lockImport(trx, id);
  if (state !== 'receiving')
    throw new HangtagError('job.conflict', `The import is ${state}: nothing more is received.`);
  const states = statesOf(lines);
  const earlier = await skipRepeated(
    trx,
    id,
    lines.filter((_, index) => states[index] === 'waiting'),
  );
  const invalid = states.filter((one) => one === 'failed').length;
  const repeated = earlier + states.filter((one) => one === 'skipped').length;
  if (lines.length > 0) await insertLines(trx, id, lines, states);
  await trx
    .updateTable('imports')
    .set({
      total: sql<number>`total + ${lines.length}`,
      invalid: sql<number>`invalid + ${invalid}`,
      failed: sql<number>`failed + ${invalid}`,
      repeated: sql<number>`repeated + ${repeated}`,
      unchanged: sql<number>`unchanged + ${repeated}`,
      images: sql<number>`images + ${images}`,
      inferences: sql<number>`inferences + ${inferences}`,
      busy_until: sql<Date>`now() + ${silence}`,
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', id)
    .execute();
}

type State = 'waiting' | 'failed' | 'skipped';

/** Of two equal lines the later one counts: what it says stands, whatever came between them. */
function statesOf(lines: readonly ReceivedLine[]): State[] {
  const later = new Set<string | null>();
  const states: State[] = [];
  for (const { hash, problems } of [...lines].reverse()) {
    states.push(problems.length > 0 ? 'failed' : later.has(hash) ? 'skipped' : 'waiting');
    if (problems.length === 0) later.add(hash);
  }
  return states.reverse();
}

/** Lines of earlier batches that these repeat. */
async function skipRepeated(
  trx: Transaction<Tables>,
  id: string,
  lines: readonly ReceivedLine[],
): Promise<number> {
  if (lines.length === 0) return 0;
  const repeated = await trx
    .updateTable('import_items')
    .set({ state: 'skipped', body: null })
    .where('hash', '=', sql<string>`any(${lines.map(({ hash }) => withinImport(id, hash))}::text[])`)
    .where('state', '=', 'waiting')
    .returning('line')
    .execute();
  return repeated.length;
}

function withinImport(id: string, hash: string | null): string | null {
  return hash === null ? null : createHash('sha256').update(`${id} ${hash}`).digest('base64url');
}

async function insertLines(
  trx: Transaction<Tables>,
  id: string,
  lines: readonly ReceivedLine[],
  states: readonly State[],
): Promise<void> {
  const numbers = await sql<{ next: string }>`
    select nextval('input_sequence') as next from generate_series(1, ${lines.length}::int)`.execute(trx);
  // In one order: of several lines for one product the last one counts.
  const sequences = numbers.rows.map(({ next }) => Number(next)).sort((a, b) => a - b);
  const text = (value: string | null) => (value === null ? null : plain(value));
  const problems = lines.map((line) => (line.problems.length === 0 ? null : JSON.stringify(line.problems)));
  await sql`
    insert into import_items (import_id, line, product_id, hash, body, sequence, state, code, detail, problems)
    select ${id}::uuid, line, product_id, hash, body, sequence, state, code, detail, problems::json
    from unnest(
      ${lines.map(({ line }) => line)}::int[],
      ${lines.map(({ productId }) => productId)}::text[],
      ${lines.map(({ hash }) => withinImport(id, hash))}::text[],
      ${lines.map(({ body }, index) => (states[index] === 'skipped' ? null : text(body)))}::text[],
      ${sequences}::bigint[],
      ${[...states]}::text[],
      ${lines.map((line) => line.problems[0]?.code ?? null)}::text[],
      ${lines.map((line) => text(detailOf(line.problems)))}::text[],
      ${problems}::text[]
    ) as given (line, product_id, hash, body, sequence, state, code, detail, problems)`.execute(trx);
}

function detailOf(problems: readonly Problem[]): string | null {
  const [first] = problems;
  if (!first) return null;
  return problems.length === 1 ? first.detail : `${problems.length} things are wrong.`;
}

export async function failedLines(
  db: Kysely<Tables>,
  id: string,
  limit: number,
  after: number,
): Promise<readonly FailedLine[]> {
  const rows = await failed(db, id, limit, after)
    .select(['line', 'product_id', 'code', 'detail', 'problems'])
    .execute();
  return rows.map(({ line, product_id: productId, code, detail, problems }) => ({
    line,
    productId,
    code: code ?? 'service.internal',
    detail: detail ?? '',
    errors: (problems as Problem[] | null) ?? [],
  }));
}

export async function failedBodies(db: Kysely<Tables>, id: string, limit: number, after: number) {
  const rows = await failed(db, id, limit, after)
    .where('body', 'is not', null)
    .select(['line', 'body'])
    .execute();
  return rows.map(({ line, body }) => ({ line, body: body ?? '' }));
}

function failed(db: Kysely<Tables>, id: string, limit: number, after: number) {
  return db
    .selectFrom('import_items')
    .where('import_id', '=', id)
    .where('state', '=', 'failed')
    .where('line', '>', after)
    .orderBy('line')
    .limit(limit);
}

/** Whatever imports said of a product. Lines that waited count as done: nothing is left to do. */
export async function forgetImportLines(trx: Transaction<Tables>, productId: string): Promise<void> {
  // Before their lines, as everybody does.
  await trx
    .selectFrom('imports')
    .select('id')
    .where('id', 'in', (lines) =>
      lines.selectFrom('import_items').select('import_id').where('product_id', '=', productId),
    )
    .orderBy('id')
    .forUpdate()
    .execute();
  await sql`
    with gone as (delete from import_items where product_id = ${productId} returning import_id, state)
    update imports set unchanged = unchanged + left_over.lines
    from (select import_id, count(*)::int as lines from gone where state = 'waiting' group by import_id) left_over
    where id = left_over.import_id`.execute(trx);
}
