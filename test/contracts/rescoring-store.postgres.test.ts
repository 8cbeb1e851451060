/** The same contract on a real server: `test/rings/postgres.sh npm test` brings one. */
import { afterAll, beforeAll, describe } from 'vitest';
import { createPostgresStore } from '../../src/adapters/store/postgres.ts';
import { type FreshDatabase, freshDatabase } from '../adapters/store/fresh-database.ts';
import { quiet } from '../adapters/store/quiet-log.ts';
import { rescoringStoreContract } from './rescoring-store.contract.ts';

const server = process.env.TEST_DATABASE_URL;

describe.skipIf(!server)('on PostgreSQL (needs TEST_DATABASE_URL)', () => {
  let database: FreshDatabase;
  beforeAll(async () => {
    database = await freshDatabase(server!);
  });
  afterAll(() => database?.drop());

  rescoringStoreContract('PostgreSQL', () => createPostgresStore({ url: database.url, log: quiet }));
});
