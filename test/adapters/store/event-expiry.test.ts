/** Events have their time: what is forgotten is known to be, by whoever comes from before it. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { clearExpired } from '../../../src/adapters/store/expiry.ts';
import { openEmbedded } from '../../../src/adapters/store/pglite.ts';
import { createSqlStore } from '../../../src/adapters/store/sql-store.ts';
import { createReadChanges } from '../../../src/application/read-changes.ts';
import { writeOf } from '../../contracts/sample-tags.ts';
import { copyEmptyDatabase } from './fresh-database-folder.ts';
import { quiet } from './quiet-log.ts';

test('after 30 days they go, with their deliveries; a cursor from before is told so', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'hangtag-expiry-'));
  const directory = path.join(folder, 'database');
  copyEmptyDatabase(directory);
  const { db, close } = await openEmbedded({ directory, durability: 'relaxed', log: quiet });
  const store = createSqlStore({ db, release: close, log: quiet });
  try {
    const { feed, subscriptions } = store.outgoing;
    const readChanges = createReadChanges({ feed });
    const id = randomUUID();
    const wish = { id, url: 'https://x.example/', events: ['product.tagged'] as const, maxPerSecond: null };
    await subscriptions.add({ ...wish, sealedSecret: new Uint8Array(1) }, 100);
    const start = await readChanges(null, 1);
    for (const product of ['old', 'older', 'young']) await store.saveTags(writeOf(product));
    const [one, two] = [await readChanges(null, 1), await readChanges(null, 2)];
    await sql`update events set created_at = now() - interval '31 days' where product_id <> 'young'`.execute(
      db,
    );
    await clearExpired(db);

    for (const before of [start, one])
      await expect(readChanges(before.position, 10)).rejects.toMatchObject({ code: 'changes.expired' });
    const products = (bodies: readonly string[]) => bodies.map((body) => JSON.parse(body).data.productId);
    expect(products((await readChanges(two.position, 10)).bodies)).toEqual(['young']);
    const anew = await readChanges(null, 10);
    expect(products(anew.bodies)).toEqual(['young']);
    expect(await subscriptions.find(id)).toMatchObject({ waiting: 1 });

    // All are gone, and positions count on.
    await sql`update events set created_at = now() - interval '31 days'`.execute(db);
    await clearExpired(db);
    const empty = await readChanges(null, 10);
    expect(empty).toEqual({ bodies: [], position: anew.position });
    await store.saveTags(writeOf('new'));
    expect(products((await readChanges(empty.position, 10)).bodies)).toEqual(['new']);
  } finally {
    await store.close();
    await rm(folder, { recursive: true });
  }
});
