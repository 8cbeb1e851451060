/** The list of tables against the tables there are: a new migration must not be forgotten by a copy. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { copiedTables, leftTables } from '../../../../src/adapters/store/transfer/copied-tables.ts';
import { readShapes } from '../../../../src/adapters/store/transfer/shape.ts';
import { runEmbedded } from './filled-store.ts';

test('every table of the migrations is listed, has a primary key, and does nothing by itself', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'hangtag-tables-'));
  try {
    await runEmbedded(folder, async (db) => {
      const shapes = await readShapes(db, null);
      // `store_copy` stands only where something was copied to.
      const known = [...copiedTables, ...leftTables].filter((name) => name !== 'store_copy');
      expect(shapes.map(({ name }) => name).sort(), 'add new tables to copied-tables.ts').toEqual(
        known.sort(),
      );
      const copied = shapes.filter(({ name }) => copiedTables.includes(name));
      expect(copied.filter(({ key }) => key.length === 0)).toEqual([]);
      // Those that others refer to come first.
      const order = copied.map(({ name }) => name);
      expect(order.indexOf('products')).toBeLessThan(order.indexOf('tag_history'));
      expect(copied.find(({ name }) => name === 'product_images')?.key).toMatchObject([
        { name: 'product_id', type: 'text', localized: false },
        { name: 'position', type: 'integer', localized: false },
      ]);
      // A trigger would fire for copied rows too: switch it off in the copy before adding one.
      const triggers = await sql`select tgname from pg_trigger where not tgisinternal`.execute(db);
      expect(triggers.rows).toEqual([]);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
