/** Whether a database may be copied into: an empty one, or one that holds an unfinished copy of the same store. */
import { sql } from 'kysely';
import { copiedTables, leftTables, queueSchema, seededTables } from './copied-tables.ts';
import type { End, Session } from './end.ts';
import { beginRecord, type CopyRecord, readRecord } from './record.ts';
import { readShapes } from './shape.ts';

/** The record to go on with. Throws an Error that says why not, and what to do. Nothing but the record is written. */
export async function claimTarget(source: End, target: End, restart: boolean): Promise<CopyRecord> {
  if (source.id === target.id)
    throw new Error(
      `The old and the new store are the same database, ${target.name}. Name the old one with --from.`,
    );
  const record = await readRecord(target.session);
  if (record === null) {
    await requireEmpty(target);
    return beginRecord(target.session, source.id);
  }
  if (record.source !== source.id)
    throw new Error(`${target.name} holds a copy of another store. Use an empty database.`);
  if (record.finishedAt !== null)
    throw new Error(
      `${target.name} holds a finished copy of this store, made ${record.finishedAt.toISOString()}. ` +
        'To copy anew, use an empty database.',
    );
  if (!restart) return record;
  await clear(target.session);
  return { ...record, progress: {} };
}

async function requireEmpty({ session, name }: End): Promise<void> {
  const there = (await readShapes(session, null)).filter((shape) =>
    [...copiedTables, ...leftTables].includes(shape.name),
  );
  const queue = (await readShapes(session, queueSchema)).filter((shape) => shape.name !== 'version');
  if (there.length > 0 && !there.some((shape) => shape.name === 'hangtag_migration'))
    throw new Error(
      `${name} has tables of another program (${there.map(({ label }) => label).join(', ')}). Use an empty database.`,
    );
  const filled: string[] = [];
  for (const shape of [
    ...there.filter(({ name: one }) => copiedTables.includes(one) && !seededTables.includes(one)),
    ...queue,
  ]) {
    const { rows } = await sql`
      select 1 from ${shape.schema === null ? sql.id(shape.name) : sql.id(shape.schema, shape.name)} limit 1`.execute(
      session,
    );
    if (rows.length > 0) filled.push(shape.label);
  }
  if (filled.length > 0)
    throw new Error(`${name} holds data already (${filled.join(', ')}). Use an empty database.`);
}

/** Everything an unfinished copy has written, except that it is one. */
async function clear(session: Session): Promise<void> {
  const there = (await readShapes(session, null)).filter(({ name }) => copiedTables.includes(name));
  await session.transaction().execute(async (trx) => {
    if (there.length > 0) await sql`truncate ${sql.join(there.map(({ name }) => sql.id(name)))}`.execute(trx);
    await sql`drop schema if exists ${sql.id(queueSchema)} cascade`.execute(trx);
    await sql`update store_copy set progress = '{}', started_at = now()`.execute(trx);
  });
}
