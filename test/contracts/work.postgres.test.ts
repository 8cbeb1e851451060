/** The same contracts on a real server: `test/rings/postgres.sh npm test` brings one. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe } from 'vitest';
import { createBossQueue } from '../../src/adapters/queue/pg-boss.ts';
import { createPostgresStore } from '../../src/adapters/store/postgres.ts';
import { type FreshDatabase, freshDatabase } from '../adapters/store/fresh-database.ts';
import { quiet } from '../adapters/store/quiet-log.ts';
import { acceptingContract } from './accepting.contract.ts';
import { failuresContract } from './failures.contract.ts';
import { fetchedImagesContract } from './fetched-images.contract.ts';
import { importsContract } from './imports.contract.ts';
import { importPlace } from './imports-place.ts';
import { counterOn } from './queue-counter.ts';
import { textVectorsContract } from './text-vectors.contract.ts';
import { turnsContract } from './turns.contract.ts';
import { workContract } from './work.contract.ts';
import { workersContract } from './workers.contract.ts';

const server = process.env.TEST_DATABASE_URL;

describe.skipIf(!server)('on PostgreSQL (needs TEST_DATABASE_URL)', () => {
  let database: FreshDatabase;
  beforeAll(async () => {
    database = await freshDatabase(server!);
  });
  afterAll(() => database?.drop());
  const open = () => createPostgresStore({ url: database.url, log: quiet });

  acceptingContract('PostgreSQL', open);
  textVectorsContract('PostgreSQL', open);
  fetchedImagesContract('PostgreSQL', open);
  importsContract('PostgreSQL', async () => importPlace(await open()));
  const place = async () => {
    const store = await open();
    const { queue, enqueue } = await createBossQueue({
      execute: store.execute,
      alone: false,
      attemptMs: 60_000,
      log: quiet,
    });
    return {
      queue,
      operations: store.operations(enqueue),
      failures: store.failures(enqueue),
      forget: (id: string) => store.deleteProduct(id),
      close: () => store.close(),
    };
  };
  workContract('PostgreSQL', place);
  failuresContract('PostgreSQL', place);
  workersContract('PostgreSQL', open);
  turnsContract('PostgreSQL', async () => counterOn(await open(), false, randomUUID()));
});
