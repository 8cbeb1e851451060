/** Whether both ends hold the same: counts and hashes, a stretch of the key at a time, down to the row that differs. */
import type { TransferWatch } from '../../../application/ports-transfer.ts';
import type { Session } from './end.ts';
import { countRows, digestRows, hashRows, type Key, keyAhead } from './rows.ts';
import type { TableShape } from './shape.ts';

/** Rows hashed by one statement. */
const stretch = 2_000;
/** Differing rows named for each table. */
const named = 5;

/** Plain sentences, one for each table that differs; none where all is the same. */
export async function compareTables(
  shapes: readonly TableShape[],
  source: Session,
  target: Session,
  watch: TransferWatch,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const totals = new Map<string, number>();
  for (const shape of shapes) totals.set(shape.label, await countRows(source, shape));
  const total = [...totals.values()].reduce((sum, rows) => sum + rows, 0);
  watch.begin('comparing', 'rows', total, 0);
  const problems: string[] = [];
  for (const shape of shapes) {
    const there = await countRows(target, shape);
    const keys: string[] = [];
    for (let after: Key | null = null; ; ) {
      signal.throwIfAborted();
      // The last stretch is open-ended: rows that only the target has may lie behind the source's last.
      const upTo: Key | null = await keyAhead(source, shape, after, stretch);
      const [a, b] = await Promise.all([
        digestRows(source, shape, after, upTo),
        digestRows(target, shape, after, upTo),
      ]);
      if (a.rows !== b.rows || a.sums !== b.sums) {
        const wanted = named - keys.length;
        if (wanted > 0)
          keys.push(...(await differences(shape, source, target, after, upTo)).slice(0, wanted));
      }
      watch.advance(a.rows);
      if (upTo === null) break;
      after = upTo;
    }
    const here = totals.get(shape.label)!;
    if (keys.length > 0 || here !== there)
      problems.push(`${shape.label}: ${here} rows against ${there}; ${keys.join(', ') || 'counts differ'}`);
  }
  return problems;
}

async function differences(
  shape: TableShape,
  source: Session,
  target: Session,
  after: Key | null,
  upTo: Key | null,
): Promise<readonly string[]> {
  const [a, b] = await Promise.all([
    hashRows(source, shape, after, upTo, stretch * 2),
    hashRows(target, shape, after, upTo, stretch * 2),
  ]);
  const found: string[] = [];
  for (const [key, hash] of a) {
    if (!b.has(key)) found.push(`"${key}" is missing in the new store`);
    else if (b.get(key) !== hash) found.push(`"${key}" differs`);
  }
  for (const key of b.keys()) if (!a.has(key)) found.push(`"${key}" is in the new store only`);
  return found;
}
