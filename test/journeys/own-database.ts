/**
 * A database of a journey's own where a test server is given: services that share one sweep each other's originals,
 * which lie in folders of their own here.
 */
import { freshDatabase } from '../adapters/store/fresh-database.ts';

export interface OwnDatabase {
  /** For `startService`; empty where the embedded store is tested. */
  readonly settings: Readonly<Record<string, string>>;
  drop(): Promise<void>;
}

export async function ownDatabase(): Promise<OwnDatabase> {
  const server = process.env.TEST_DATABASE_URL;
  if (!server) return { settings: {}, drop: async () => {} };
  const { url, drop } = await freshDatabase(server);
  return { settings: { DATABASE_URL: url }, drop };
}
