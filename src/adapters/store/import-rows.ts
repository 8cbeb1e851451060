/** An import's row: held, and read as the domain's shape. */
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Import, ImportSource, ImportState } from '../../application/ports-imports.ts';
import type { Fault } from '../../application/ports-work.ts';
import { HangtagError } from '../../domain/errors.ts';
import type { Tables } from './tables.ts';

export type ImportRow = Selectable<Tables['imports']>;

/** Milliseconds until a window of the rate is worth believing, and until it takes the place of the one before. */
const windowSeconds = { least: 1, whole: 10 };

/** From now to the end of the transaction nobody else changes the import or its lines. Raises `import.not_found`. */
export async function lockImport(trx: Transaction<Tables>, id: string): Promise<ImportRow> {
  const row = await trx.selectFrom('imports').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  if (!row) throw unknownImport();
  return row;
}

export function unknownImport(): HangtagError {
  return new HangtagError('import.not_found', 'There is no import with this id; they are kept for 90 days.');
}

/** Imports with the seconds of their present window and the microsecond at which they were made. */
export function selectImports(db: Kysely<Tables>) {
  return db
    .selectFrom('imports')
    .selectAll()
    .select([
      sql<number | null>`extract(epoch from now() - window_at)::double precision`.as('window_seconds'),
      sql<string>`(extract(epoch from created_at) * 1000000)::bigint::text`.as('created_micros'),
    ]);
}

export async function readImport(db: Kysely<Tables>, id: string): Promise<Import> {
  const row = await selectImports(db).where('id', '=', id).executeTakeFirst();
  if (!row) throw unknownImport();
  return toImport(row);
}

export function toImport(row: ImportRow & { readonly window_seconds: number | null }): Import {
  const { total, changed, unchanged, failed } = row;
  const done = changed + unchanged + failed;
  const state = row.state as ImportState;
  const rate = rateOf(row);
  const planned = state !== 'receiving' && state !== 'failed';
  return {
    id: row.id,
    state,
    dryRun: row.dry_run,
    source: shownSource(row.source as ImportSource),
    plan: {
      total,
      invalid: row.invalid,
      repeated: row.repeated,
      images: row.images,
      estimate: { inferences: planned ? row.inferences : null, seconds: row.seconds },
    },
    progress: {
      done,
      changed,
      unchanged,
      failed,
      ratePerSecond: rate,
      etaSeconds: state === 'running' && rate ? (total - done) / rate : null,
    },
    error: row.error as Fault | null,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    finishedAt: row.ended_at?.toISOString() ?? null,
  };
}

/** Of the present window once it is long enough, so that an import that stands still shows it. */
function rateOf({
  state,
  rate,
  window_done: done,
  window_seconds: seconds,
}: ImportRow & { readonly window_seconds: number | null }): number | null {
  if (state !== 'running' || seconds === null) return rate;
  const present = seconds >= windowSeconds.least ? done / seconds : null;
  return seconds >= 2 * windowSeconds.whole ? present : (rate ?? (present || null));
}

/** The changes of the window when `lines` more are done. */
export function withWindow(lines: number) {
  const over = sql`now() - window_at >= ${windowSeconds.whole} * interval '1 second'`;
  return {
    rate: sql<number>`case when ${over}
      then (window_done + ${lines}) / extract(epoch from now() - window_at)::double precision else rate end`,
    window_at: sql<Date>`case when ${over} then now() else window_at end`,
    window_done: sql<number>`case when ${over} then 0 else window_done + ${lines} end`,
  };
}

/** Without what may be a signature. */
export function shownSource(source: ImportSource): ImportSource {
  if (source.kind !== 'url' || !URL.canParse(source.url)) return source;
  const { origin, pathname } = new URL(source.url);
  return { kind: 'url', url: `${origin}${pathname}` };
}
