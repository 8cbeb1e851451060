/** An empty database on the test server, so that test files never see each other's tables. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface FreshDatabase {
  readonly url: string;
  /** Runs one statement, on a connection of its own. */
  run(statement: string): Promise<pg.QueryResult>;
  drop(): Promise<void>;
}

export async function freshDatabase(server: string): Promise<FreshDatabase> {
  const name = `hangtag_test_${randomBytes(6).toString('hex')}`;
  await once(server, `create database ${name}`);
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  return {
    url,
    run: (statement) => once(url, statement),
    async drop() {
      await once(server, `drop database ${name} with (force)`);
    },
  };
}

async function once(url: string, statement: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(statement);
  } finally {
    await client.end();
  }
}
