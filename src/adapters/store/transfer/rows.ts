/**
 * Rows as text, a stretch of the primary key at a time: read, written, and hashed.
 *
 * Every value travels in PostgreSQL's own text form, so json keeps its spelling, timestamps their microseconds and
 * bytes their bytes, and nothing here has to know a type.
 */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Tables } from '../tables.ts';
import type { Session } from './end.ts';
import type { TableShape } from './shape.ts';

/** A primary key's values as text. */
export type Key = readonly string[];
/** A row's values in the order of the shape's columns. */
export type TextRow = readonly (string | null)[];

export async function countRows(session: Session, shape: TableShape): Promise<number> {
  const { rows } = await sql<{ rows: string }>`select count(*)::text as rows from ${table(shape)} t`.execute(
    session,
  );
  return Number(rows[0]!.rows);
}

/** The next rows after this key (from the beginning: null), in the key's order, at most `limit`. */
export async function readRows(
  session: Session,
  shape: TableShape,
  after: Key | null,
  limit: number,
): Promise<readonly TextRow[]> {
  // Aliases that are no column's name: `order by` would take the text for the column.
  const list = shape.columns.map(({ name }, index) => sql`${column(name)}::text as ${alias(index)}`);
  const { rows } = await sql<Record<string, string | null>>`
    select ${sql.join(list)} from ${table(shape)} t
    where ${within(shape, after, null)} order by ${ordering(shape)} limit ${limit}`.execute(session);
  return rows.map((row) => shape.columns.map((_, index) => row[`c${index}`] ?? null));
}

export function keyOf(shape: TableShape, row: TextRow): Key {
  return shape.key.map(({ name }) => row[shape.columns.findIndex((one) => one.name === name)]!);
}

export async function insertRows(
  trx: Transaction<Tables>,
  shape: TableShape,
  rows: readonly TextRow[],
): Promise<void> {
  const { columns } = shape;
  const values = columns.map((_, index) => sql`${rows.map((row) => row[index])}::text[]`);
  const typed = columns.map(({ type }, index) => sql`u.${alias(index)}::${sql.raw(type)}`);
  await sql`
    insert into ${table(shape)} (${sql.join(columns.map(({ name }) => sql.id(name)))}) overriding system value
    select ${sql.join(typed)} from unnest(${sql.join(values)})
      as u(${sql.join(columns.map((_, index) => alias(index)))})`.execute(trx);
}

/** The key of the last of the next `rows` rows after this one; null where fewer are left. */
export async function keyAhead(
  session: Session,
  shape: TableShape,
  after: Key | null,
  rows: number,
): Promise<Key | null> {
  const { rows: found } = await sql<{ key: string[] }>`
    select ${keyText(shape)} as key from ${table(shape)} t
    where ${within(shape, after, null)} order by ${ordering(shape)} offset ${rows - 1} limit 1`.execute(
    session,
  );
  return found[0]?.key ?? null;
}

export interface Digest {
  readonly rows: number;
  /** Sums of the four 64-bit words of each row's sha256: the same rows in any order give the same, no others do. */
  readonly sums: string;
}

/** Of the rows after one key up to and with another. null: from the beginning, to the end. */
export async function digestRows(
  session: Session,
  shape: TableShape,
  after: Key | null,
  upTo: Key | null,
): Promise<Digest> {
  const word = (index: number) =>
    sql`coalesce(sum(('x' || substr(h, ${sql.lit(index * 16 + 1)}, 16))::bit(64)::bigint), 0)::text`;
  const { rows } = await sql<{ rows: string; sums: string }>`
    select count(*)::text as rows, concat_ws(' ', ${sql.join([0, 1, 2, 3].map(word))}) as sums
    from (select ${rowHash(shape)} as h from ${table(shape)} t where ${within(shape, after, upTo)}) hashed`.execute(
    session,
  );
  return { rows: Number(rows[0]!.rows), sums: rows[0]!.sums };
}

/** Key and sha256 of each row in a stretch, at most `limit`; keys joined for display and comparison. */
export async function hashRows(
  session: Session,
  shape: TableShape,
  after: Key | null,
  upTo: Key | null,
  limit: number,
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ key: string[]; h: string }>`
    select ${keyText(shape)} as key, ${rowHash(shape)} as h from ${table(shape)} t
    where ${within(shape, after, upTo)} order by ${ordering(shape)} limit ${limit}`.execute(session);
  return new Map(rows.map(({ key, h }) => [key.join(' / '), h]));
}

const alias = (index: number) => sql.id(`c${index}`);
const column = (name: string) => sql`t.${sql.id(name)}`;
const table = ({ schema, name }: TableShape) => (schema === null ? sql.id(name) : sql.id(schema, name));
const keyText = ({ key }: TableShape) =>
  sql`array[${sql.join(key.map(({ name }) => sql`${column(name)}::text`))}]`;

function rowHash({ columns }: TableShape): RawBuilder<unknown> {
  const values = sql.join(columns.map(({ name }) => sql`${column(name)}::text`));
  return sql`encode(sha256(convert_to(row(${values})::text, 'UTF8')), 'hex')`;
}

/** By bytes where the column itself is not: two databases must agree on what comes next. */
function keyColumns({ key }: TableShape): RawBuilder<unknown>[] {
  return key.map(({ name, localized }) => (localized ? sql`${column(name)} collate "C"` : column(name)));
}

const ordering = (shape: TableShape) => sql.join(keyColumns(shape));

function within(shape: TableShape, after: Key | null, upTo: Key | null): RawBuilder<unknown> {
  const columns = sql.join(keyColumns(shape));
  const values = (key: Key) =>
    sql.join(shape.key.map(({ type }, i) => sql`${key[i]}::text::${sql.raw(type)}`));
  const from = after ? sql`(${columns}) > (${values(after)})` : sql`true`;
  return upTo ? sql`${from} and (${columns}) <= (${values(upTo)})` : from;
}
