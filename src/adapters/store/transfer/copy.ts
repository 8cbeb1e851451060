/**
 * Everything a store holds, copied into an empty PostgreSQL database and then compared.
 *
 * Rows go over in stretches of their primary key; each stretch and the note of how far the copy is are one transaction
 * on the target. Cut off anywhere, the next run goes on behind the last stretch: no row twice, none left out. Only a
 * comparison without a difference finishes the copy, and until then no hangtag starts on the target.
 */
import { sql } from 'kysely';
import type { CopiedTable, TransferWatch } from '../../../application/ports-transfer.ts';
import { migrate } from '../migrate.ts';
import { claimTarget } from './claim.ts';
import { compareTables } from './compare.ts';
import { copiedTables, leftTables, seededTables } from './copied-tables.ts';
import { type End, refuseRunningService, type Session } from './end.ts';
import { prepareQueue } from './queue-tables.ts';
import { type CopyRecord, finishRecord, lockTarget, type TableProgress, writeProgress } from './record.ts';
import { countRows, insertRows, keyOf, readRows } from './rows.ts';
import { compareSequences, copySequences } from './sequences.ts';
import { readShapes, requireSameShape, type TableShape } from './shape.ts';

export interface CopyOptions {
  readonly source: End;
  readonly target: End;
  /** Forgets what an unfinished copy has done. */
  readonly restart: boolean;
  readonly watch: TransferWatch;
  readonly signal: AbortSignal;
  /** SQL that makes the work queue's schema. */
  readonly queueConstruction: (schema: string) => string;
  /** Characters of text moved at once, about; for tests. */
  readonly stretchLength?: number;
}

/** Characters: far below what either end holds in memory without noticing. */
const usualStretch = 4_000_000;
/** Rows of a table's first stretch, before anything is known of their size; and of any. */
const firstRows = 100;
const mostRows = 5_000;

export async function copyStore(options: CopyOptions): Promise<readonly CopiedTable[]> {
  const { source, target, watch, signal } = options;
  await lockTarget(target);
  await refuseRunningService(source);
  await refuseRunningService(target);
  const record = await claimTarget(source, target, options.restart);
  await migrate(target.db);
  const shapes = [
    ...(await storeShapes(source, target.session)),
    ...(await prepareQueue(source.session, target.session, options.queueConstruction)),
  ];
  await copyTables(shapes, record, options);
  await copySequences(source.session, target.session);
  const problems = [
    ...(await compareTables(shapes, source.session, target.session, watch, signal)),
    ...(await compareSequences(source.session, target.session)),
  ];
  if (problems.length > 0)
    throw new Error(
      `The copy is not the same as the store:\n${problems.map((problem) => `  - ${problem}`).join('\n')}\n` +
        'Something changed one of them meanwhile. See that no hangtag runs on either, then copy again with --restart.',
    );
  await finishRecord(target.session);
  const counts: CopiedTable[] = [];
  for (const shape of shapes)
    counts.push({ name: shape.label, rows: await countRows(target.session, shape) });
  return counts;
}

/** hangtag's own tables. An embedded database holds nothing else, so a table that nobody listed stops the copy. */
async function storeShapes(source: End, target: Session): Promise<readonly TableShape[]> {
  const here = await readShapes(source.session, null);
  const there = await readShapes(target, null);
  const unlisted = here.filter(({ name }) => ![...copiedTables, ...leftTables].includes(name));
  if (source.kind === 'embedded' && unlisted.length > 0)
    throw new Error(
      `This version does not know how to copy ${unlisted.map(({ label }) => label).join(', ')}: ` +
        'it would be left behind. Nothing was copied.',
    );
  const wanted = here.filter(({ name }) => copiedTables.includes(name));
  for (const shape of wanted)
    requireSameShape(
      shape,
      there.find(({ name }) => name === shape.name),
    );
  return wanted;
}

async function copyTables(
  shapes: readonly TableShape[],
  record: CopyRecord,
  { source, target, watch, signal, stretchLength = usualStretch }: CopyOptions,
): Promise<void> {
  const progress: Record<string, TableProgress> = { ...record.progress };
  let total = 0;
  for (const shape of shapes) total += await countRows(source.session, shape);
  const before = Object.values(progress).reduce((sum, { rows }) => sum + rows, 0);
  watch.begin('copying', 'rows', total, before);
  for (const shape of shapes) {
    let size = firstRows;
    while (!progress[shape.label]?.done) {
      signal.throwIfAborted();
      const { last, rows: sofar } = progress[shape.label] ?? { last: null, rows: 0 };
      const rows = await readRows(source.session, shape, last, size);
      const end = rows.at(-1);
      progress[shape.label] = {
        last: end ? keyOf(shape, end) : last,
        rows: sofar + rows.length,
        done: rows.length < size,
      };
      await target.session.transaction().execute(async (trx) => {
        if (last === null && seededTables.includes(shape.name))
          await sql`delete from ${sql.id(shape.name)}`.execute(trx);
        if (rows.length > 0) await insertRows(trx, shape, rows);
        await writeProgress(trx, progress);
      });
      watch.advance(rows.length);
      const length = rows.flat().reduce((sum, value) => sum + (value?.length ?? 4), 1);
      size = Math.max(1, Math.min(mostRows, size * 4, Math.round((size * stretchLength) / length)));
    }
  }
}
