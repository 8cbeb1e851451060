/**
 * Lines handed out a chunk at a time, and what came of them. A job looks, works a chunk, and leaves the next job behind in the
 * transaction that writes what came of it, so that one import can neither stop halfway nor fill the queue.
 */
import { sql, type Transaction } from 'kysely';
import type {
  ClaimedLine,
  ImportSource,
  LineOutcome,
  SettledLine,
  Turn,
} from '../../application/ports-imports.ts';
import type { EnqueueWithin } from '../../application/ports-work.ts';
import { importFinished } from '../../domain/events/outgoing.ts';
import { announce } from './announce.ts';
import { type ImportRow, lockImport, withWindow } from './import-rows.ts';
import { executing } from './operations.ts';
import { plain } from './rows.ts';
import type { Tables } from './tables.ts';

/** Tries after which a line that says nothing of why it was not ended is run alone: it may take its process down. */
const suspectAfter = 2;
/** Seconds: how long nobody need look at an import whose lines all wait for their next try. */
const longestRest = 30;

const nothing: Turn = { kind: 'over' };
const over = (seconds: number) => sql<Date>`now() + ${seconds} * interval '1 second'`;

/** Puts jobs for an import into the queue of this transaction. */
export function enqueueLanes(
  trx: Transaction<Tables>,
  enqueue: EnqueueWithin,
  id: string,
  count: number,
  afterSeconds = 0,
): Promise<void> {
  const jobs = Array.from({ length: count }, () => ({ source: 'imports' as const, id }));
  return enqueue(executing(trx), jobs, afterSeconds);
}

export async function claimLines(
  trx: Transaction<Tables>,
  enqueue: EnqueueWithin,
  id: string,
  limit: number,
  leaseSeconds: number,
): Promise<Turn> {
  const row = await lockImport(trx, id);
  if (row.state === 'receiving') return claimSource(trx, row);
  if (row.state === 'planning') {
    return { kind: 'plan', lines: row.total - row.failed - row.unchanged, inferences: row.inferences };
  }
  if (row.state !== 'running') return leave(trx, id);
  const createdAt = row.created_at.toISOString();
  if (limit === 0) return { kind: 'chunk', createdAt, lines: [] };
  const due = await trx
    .selectFrom('import_items')
    .select(['line', 'body', 'sequence', 'attempts', 'code'])
    .where('import_id', '=', id)
    .where('state', '=', 'waiting')
    .where('due_at', '<=', sql<Date>`now()`)
    .orderBy('due_at')
    .orderBy('line')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
  if (due.length === 0) return rest(trx, enqueue, row);
  const suspects = due.filter(({ attempts, code }) => attempts >= suspectAfter && code === null);
  const chunk = suspects.length > 0 ? suspects.slice(0, 1) : due;
  await trx
    .updateTable('import_items')
    .set({ attempts: sql<number>`attempts + 1`, code: null, due_at: over(leaseSeconds) })
    .where('import_id', '=', id)
    .where('line', '=', sql<number>`any(${chunk.map(({ line }) => line)}::int[])`)
    .execute();
  await trx
    .updateTable('imports')
    .set({ busy_until: over(leaseSeconds + 60) })
    .where('id', '=', id)
    .execute();
  const lines = chunk.map(
    ({ line, body, sequence, attempts }): ClaimedLine => ({
      line,
      body: body ?? '',
      sequence: Number(sequence),
      attempts: attempts + 1,
    }),
  );
  return { kind: 'chunk', createdAt, lines };
}

/** A source that is named is read by one process at a time: `lanes` says that a job for it is on its way. */
async function claimSource(trx: Transaction<Tables>, { id, source, lanes, tries }: ImportRow): Promise<Turn> {
  const named = source as ImportSource;
  if (named.kind === 'body' || lanes === 0) return nothing;
  await trx
    .updateTable('imports')
    .set({ lanes: 0, tries: tries + 1, busy_until: over(300) })
    .where('id', '=', id)
    .execute();
  return { kind: 'fetch', source: named, tries: tries + 1 };
}

/** A job ends without another one after it. */
async function leave(trx: Transaction<Tables>, id: string): Promise<Turn> {
  await trx
    .updateTable('imports')
    .set({ lanes: sql<number>`greatest(lanes - 1, 0)` })
    .where('id', '=', id)
    .execute();
  return nothing;
}

/** Nothing is due: the end, or one job stays to look again. */
async function rest(trx: Transaction<Tables>, enqueue: EnqueueWithin, row: ImportRow): Promise<Turn> {
  const { id, lanes } = row;
  if (await finished(trx, id)) return nothing;
  if (lanes > 1) return leave(trx, id);
  const { wait } = await trx
    .selectFrom('import_items')
    .select(sql<number>`ceil(extract(epoch from min(due_at) - now()))::int`.as('wait'))
    .where('import_id', '=', id)
    .where('state', '=', 'waiting')
    .executeTakeFirstOrThrow();
  const seconds = Math.min(Math.max(wait, 1), longestRest);
  await putOff(trx, enqueue, id, seconds);
  return nothing;
}

export async function putOff(
  trx: Transaction<Tables>,
  enqueue: EnqueueWithin,
  id: string,
  afterSeconds: number,
): Promise<void> {
  await enqueueLanes(trx, enqueue, id, 1, afterSeconds);
  await trx
    .updateTable('imports')
    .set({ busy_until: over(afterSeconds + 120) })
    .where('id', '=', id)
    .execute();
}

/** True where this call finished it: of several that see no line waiting, one does. The import's row is held. */
export async function finished(trx: Transaction<Tables>, id: string): Promise<boolean> {
  const ended = await trx
    .updateTable('imports')
    .set({
      state: 'finished',
      lanes: 0,
      ended_at: sql<Date>`now()`,
      updated_at: sql<Date>`now()`,
      rate: sql<number>`(changed + unchanged + failed - invalid - repeated)
        / nullif(extract(epoch from now() - started_at), 0)::double precision`,
    })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .where(
      sql<boolean>`not exists (select from import_items where import_id = ${id}::uuid and state = 'waiting')`,
    )
    .returning(['total', 'changed', 'unchanged', 'failed'])
    .executeTakeFirst();
  if (ended) await announce(trx, importFinished(id, ended));
  return ended !== undefined;
}

export async function settleLines(
  trx: Transaction<Tables>,
  enqueue: EnqueueWithin,
  id: string,
  settled: readonly SettledLine[],
  { afterSeconds, lanes }: { readonly afterSeconds: number; readonly lanes: number },
): Promise<void> {
  const row = await lockImport(trx, id);
  const kinds = await writeOutcomes(trx, id, settled);
  const count = (kind: LineOutcome['kind']) => kinds.filter((one) => one === kind).length;
  const [changed, unchanged, failed] = [count('changed'), count('unchanged'), count('failed')];
  await trx
    .updateTable('imports')
    .set({
      changed: sql<number>`changed + ${changed}`,
      unchanged: sql<number>`unchanged + ${unchanged}`,
      failed: sql<number>`failed + ${failed}`,
      busy_until: over(afterSeconds + 120),
      updated_at: sql<Date>`now()`,
      ...withWindow(changed + unchanged + failed),
    })
    .where('id', '=', id)
    .execute();
  if (row.state !== 'running') {
    await leave(trx, id);
    return;
  }
  if (await finished(trx, id)) return;
  const more = afterSeconds === 0 && row.lanes < lanes && (await isDue(trx, id));
  await enqueueLanes(trx, enqueue, id, more ? 2 : 1, afterSeconds);
  if (more)
    await trx
      .updateTable('imports')
      .set({ lanes: row.lanes + 1 })
      .where('id', '=', id)
      .execute();
}

async function isDue(trx: Transaction<Tables>, id: string): Promise<boolean> {
  const found = await trx
    .selectFrom('import_items')
    .select('line')
    .where('import_id', '=', id)
    .where('state', '=', 'waiting')
    .where('due_at', '<=', sql<Date>`now()`)
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

/**
 * Of lines that are named. Put so that the index of lines that wait is no way to them: nothing is known yet of a table that has just been
 * filled, and a planner would look through all of them.
 */
export const stillWaiting = sql<boolean>`i.state || '' = 'waiting'`;

/** In one statement; what was claimed by somebody else meanwhile is theirs. Gives what was written. */
async function writeOutcomes(
  trx: Transaction<Tables>,
  id: string,
  settled: readonly SettledLine[],
): Promise<readonly LineOutcome['kind'][]> {
  if (settled.length === 0) return [];
  const states = {
    changed: 'done',
    unchanged: 'done',
    failed: 'failed',
    again: 'waiting',
    released: 'waiting',
  };
  const outcomes = settled.map(({ outcome }) => outcome);
  const faults = outcomes.map((outcome) => ('fault' in outcome ? outcome.fault : null));
  const after = outcomes.map((outcome) => ('afterSeconds' in outcome ? outcome.afterSeconds : 0));
  const { rows } = await sql<{ kind: LineOutcome['kind'] }>`
    update import_items i set
      state = given.state, code = given.code, detail = given.detail, attempts = i.attempts - given.back,
      due_at = now() + given.after * interval '1 second',
      body = case when given.state = 'done' then null else i.body end
    from unnest(
      ${settled.map(({ line }) => line)}::int[],
      ${settled.map(({ attempts }) => attempts)}::int[],
      ${outcomes.map(({ kind }) => kind)}::text[],
      ${outcomes.map(({ kind }) => states[kind])}::text[],
      ${faults.map((fault) => fault?.code ?? null)}::text[],
      ${faults.map((fault) => (fault ? plain(fault.detail) : null))}::text[],
      ${outcomes.map(({ kind }) => (kind === 'released' ? 1 : 0))}::int[],
      ${after}::double precision[]
    ) as given (line, attempts, kind, state, code, detail, back, after)
    where i.import_id = ${id} and i.line = given.line and i.attempts = given.attempts and ${stillWaiting}
    returning given.kind`.execute(trx);
  return rows.map(({ kind }) => kind);
}
