/** Sequences: where the next number comes from. A copy that left them behind would hand numbers out twice. */
import { sql } from 'kysely';
import type { Session } from './end.ts';

interface Sequence {
  readonly name: string;
  /** As text; null: never used. */
  readonly last: string | null;
}

/** Those that both ends have: what another program keeps in the same database is its own. */
export async function copySequences(source: Session, target: Session): Promise<void> {
  const known = new Set((await readSequences(target)).map(({ name }) => name));
  for (const { name, last } of await readSequences(source)) {
    if (known.has(name) && last !== null)
      await sql`select setval(quote_ident(${name})::regclass, ${last}::text::bigint)`.execute(target);
  }
}

/** Plain sentences, one for each sequence that stands somewhere else. */
export async function compareSequences(source: Session, target: Session): Promise<readonly string[]> {
  const there = new Map((await readSequences(target)).map(({ name, last }) => [name, last]));
  return (await readSequences(source))
    .filter(({ name, last }) => there.has(name) && there.get(name) !== last)
    .map(({ name, last }) => `sequence ${name}: ${last} against ${there.get(name)}`);
}

async function readSequences(session: Session): Promise<readonly Sequence[]> {
  const { rows } = await sql<Sequence>`
    select sequencename as name, last_value::text as last from pg_sequences
    where schemaname = current_schema() order by 1`.execute(session);
  return rows;
}
