/** The order in which inputs are accepted: one sequence for all products, so that taking a number locks nobody. */
import { type Kysely, sql } from 'kysely';
import type { Tables } from './tables.ts';

/** A crash may repeat numbers that were taken and never written; what was written keeps its own. */
export async function nextSequence(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ next: string }>`select nextval('input_sequence') as next`.execute(db);
  return Number(rows[0]!.next);
}
