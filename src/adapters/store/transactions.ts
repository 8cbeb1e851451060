/** Work that is done whole or not at all, and done again where it lost a race. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Kysely, Transaction } from 'kysely';
import { isLostRace, translated } from './failures.ts';
import type { Tables } from './tables.ts';

/** How often a transaction that lost a race is tried in all. */
const attempts = 6;

/** Every statement sees what was committed before it began, so that counting after locking counts what is true. */
export function transacting<T>(
  db: Kysely<Tables>,
  work: (trx: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  return insisting(() => db.transaction().setIsolationLevel('read committed').execute(work));
}

/** `work` is undone as a whole where it loses a race, and may then simply run again. */
export async function insisting<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isLostRace(error)) throw error;
      if (attempt === attempts) throw translated(error);
      await pause(Math.random() * 10 * 2 ** attempt);
    }
  }
}
