/** What a table looks like, from the database's own catalogue: so that a new column needs no change here. */
import { sql } from 'kysely';
import type { Session } from './end.ts';

export interface Column {
  readonly name: string;
  /** As a cast takes it: `text`, `timestamp with time zone`, `text[]`. */
  readonly type: string;
}

export interface KeyColumn extends Column {
  /** Sorted by another collation than bytes, which two databases need not share. */
  readonly localized: boolean;
}

export interface TableShape {
  /** null: the connection's own schema. */
  readonly schema: string | null;
  readonly name: string;
  /** `products`, `pgboss.job`. */
  readonly label: string;
  /** By name; without those that the database computes. */
  readonly columns: readonly Column[];
  /** The primary key, in its order. */
  readonly key: readonly KeyColumn[];
}

/** All tables of a schema, those first that others refer to; none where there is no such schema. */
export async function readShapes(session: Session, schema: string | null): Promise<readonly TableShape[]> {
  const { rows } = await sql<{
    table: string;
    column: string;
    type: string;
    generated: boolean;
    place: number | null;
    collation: string | null;
  }>`
    select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type,
      a.attgenerated <> '' as generated, array_position(i.indkey::smallint[], a.attnum) as place,
      l.collname as collation
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_index i on i.indrelid = c.oid and i.indisprimary
    left join pg_collation l on l.oid = a.attcollation
    where n.nspname = coalesce(${schema}::text, current_schema()) and c.relkind in ('r', 'p')
      and not c.relispartition
    order by c.relname collate "C", a.attname collate "C"`.execute(session);
  const shapes = new Map<string, TableShape>();
  for (const name of new Set(rows.map(({ table }) => table))) {
    const columns = rows.filter(({ table }) => table === name);
    shapes.set(name, {
      schema,
      name,
      label: schema === null ? name : `${schema}.${name}`,
      columns: columns
        .filter(({ generated }) => !generated)
        .map(({ column, type }) => ({ name: column, type })),
      key: columns
        .filter(({ place }) => place !== null)
        .sort((a, b) => a.place! - b.place!)
        .map(({ column, type, collation }) => ({
          name: column,
          type,
          localized: collation !== null && collation !== 'C',
        })),
    });
  }
  return inOrder(shapes, await readReferences(session, schema));
}

/** Both ends must have the same columns of the same types. Throws an Error that names the first difference. */
export function requireSameShape(source: TableShape, target: TableShape | undefined): void {
  const text = (shape: TableShape | undefined) =>
    shape?.columns.map(({ name, type }) => `${name} ${type}`).join(', ') ?? 'not there';
  if (text(source) !== text(target))
    throw new Error(
      `${source.label} is not the same table at both ends: ${text(source)}; against ${text(target)}.`,
    );
  if (source.key.length === 0) throw new Error(`${source.label} has no primary key to copy by.`);
}

type References = readonly { readonly from: string; readonly to: string }[];

async function readReferences(session: Session, schema: string | null): Promise<References> {
  const { rows } = await sql<{ from: string; to: string }>`
    select f.relname as from, t.relname as to
    from pg_constraint k
    join pg_class f on f.oid = k.conrelid
    join pg_class t on t.oid = k.confrelid
    join pg_namespace n on n.oid = f.relnamespace
    where k.contype = 'f' and f.oid <> t.oid
      and n.nspname = coalesce(${schema}::text, current_schema())`.execute(session);
  return rows;
}

function inOrder(shapes: ReadonlyMap<string, TableShape>, references: References): readonly TableShape[] {
  const ordered = new Map<string, TableShape>();
  while (ordered.size < shapes.size) {
    const before = ordered.size;
    for (const [name, shape] of shapes) {
      const needed = references.filter(({ from, to }) => from === name && shapes.has(to));
      if (!ordered.has(name) && needed.every(({ to }) => ordered.has(to))) ordered.set(name, shape);
    }
    if (ordered.size === before)
      throw new Error('Tables refer to each other in a circle: they cannot be copied.');
  }
  return [...ordered.values()];
}
