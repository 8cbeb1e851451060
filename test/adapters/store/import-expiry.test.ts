/** What is kept of imports, and for how long. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { clearExpired } from '../../../src/adapters/store/expiry.ts';
import { createSqlImports } from '../../../src/adapters/store/imports.ts';
import { openEmbedded } from '../../../src/adapters/store/pglite.ts';
import { lineOf } from '../../contracts/imports.contract.ts';
import { copyEmptyDatabase } from './fresh-database-folder.ts';
import { quiet } from './quiet-log.ts';

test('lines go a month after the end, the import after three; what runs stays', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'hangtag-expiry-'));
  const directory = path.join(folder, 'database');
  copyEmptyDatabase(directory);
  const { db, close } = await openEmbedded({ directory, durability: 'relaxed', log: quiet });
  try {
    const imports = createSqlImports(db, async () => {}, 2);
    async function ended(daysAgo: number | null): Promise<string> {
      const id = randomUUID();
      await imports.open({ id, source: { kind: 'body' }, dryRun: false, call: null });
      await imports.append(id, { lines: [lineOf(1), lineOf(2)], images: 0, inferences: 0 });
      if (daysAgo === null) return id;
      await imports.cancel(id);
      await sql`update imports set ended_at = now() - ${daysAgo} * interval '1 day' where id = ${id}`.execute(
        db,
      );
      return id;
    }
    const [open, fresh, month, quarter] = [
      await ended(null),
      await ended(29),
      await ended(31),
      await ended(91),
    ];
    await clearExpired(db);
    const rows = await db.selectFrom('import_items').select('import_id').distinct().execute();
    expect(rows.map((row) => row.import_id).sort()).toEqual([open, fresh].sort());
    const { items } = await imports.list(10, null);
    expect(items.map(({ id }) => id).sort()).toEqual([open, fresh, month].sort());
    await expect(imports.find(quarter)).rejects.toMatchObject({ code: 'import.not_found' });
  } finally {
    await db.destroy();
    await close();
    await rm(folder, { recursive: true });
  }
});
