/**
 * `npm run bench:events`: signed events accepted per second, the backlog drained, and an import of a catalogue, on the embedded store
 * and, where TEST_DATABASE_URL names a server, on PostgreSQL. Events come at a fixed rate whether or not the service keeps up,
 * so that waiting counts. BENCH_EVENTS_RATE (a second), BENCH_EVENTS_SECONDS, BENCH_PRODUCTS (of the import).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freshDatabase } from '../../test/adapters/store/fresh-database.ts';
import { startService } from '../process.ts';
import { acceptance } from './accepting.ts';
import { importing } from './importing.ts';
import { startPictures } from './pictures-server.ts';
import { secret } from './signing.ts';

const rate = Number(process.env.BENCH_EVENTS_RATE ?? 500);
const seconds = Number(process.env.BENCH_EVENTS_SECONDS ?? 10);
const products = Number(process.env.BENCH_PRODUCTS ?? 20_000);
const print = (line: string) => process.stdout.write(`${line}\n`);

async function on(name: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'hangtag-bench-events-'));
  const pictures = await startPictures();
  try {
    const start = () =>
      startService({
        ...settings,
        DATA_DIR: folder,
        IMAGE_STORE: 'none',
        WEBHOOK_SECRET_CATALOG: secret,
        FETCH_ALLOW_ORIGINS: pictures.url,
      });
    const service = await start();
    try {
      await acceptance(service, pictures, { name, rate, seconds, print });
      if (products > 0) await importing(service, pictures, { name, products, print });
    } finally {
      await service.stop();
    }
  } finally {
    await pictures.close();
    await rm(folder, { recursive: true, force: true });
  }
}

await on('embedded', {});
const server = process.env.TEST_DATABASE_URL;
if (server) {
  const database = await freshDatabase(server);
  try {
    await on('PostgreSQL', { DATABASE_URL: database.url });
  } finally {
    await database.drop();
  }
} else {
  print(
    'PostgreSQL: not measured, because TEST_DATABASE_URL is not set (bash test/rings/postgres.sh npm run bench:events)',
  );
}
