/** The same contracts on a real server: `test/rings/postgres.sh npm test` brings one. */
import { afterAll, beforeAll, describe } from 'vitest';
import { createPostgresStore } from '../../src/adapters/store/postgres.ts';
import { type FreshDatabase, freshDatabase } from '../adapters/store/fresh-database.ts';
import { quiet } from '../adapters/store/quiet-log.ts';
import { catalogContract } from './catalog.contract.ts';
import { gateOf } from './event-gate.ts';
import { receivedEventsContract } from './received-events.contract.ts';

const server = process.env.TEST_DATABASE_URL;

describe.skipIf(!server)('on PostgreSQL (needs TEST_DATABASE_URL)', () => {
  let database: FreshDatabase;
  beforeAll(async () => {
    database = await freshDatabase(server!);
  });
  afterAll(() => database?.drop());
  const open = () => createPostgresStore({ url: database.url, log: quiet });

  catalogContract('PostgreSQL', async () => {
    const store = await open();
    return { store, catalog: store.catalog };
  });
  receivedEventsContract('PostgreSQL', async () => gateOf(await open(), false));
});
