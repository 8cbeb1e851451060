/**
 * The processes of the service: settings, construction, listening, working, and an orderly end. `everything` is API and
 * worker in one; `serve` and `work` are one each, any number of them on one PostgreSQL.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import closeWithGrace from 'close-with-grace';
import { compose } from './composition.ts';
import { type Config, ConfigError, parseConfig } from './config.ts';
import { buildApp, measureLag } from './http/app.ts';
import { createLog } from './log.ts';
import { startWorker } from './worker/tagging-worker.ts';

export type Role = 'everything' | 'serve' | 'work';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Milliseconds: for work in progress, and for the whole end. */
const patience = { work: 15_000, deliveries: 12_000, all: 20_000 };

/** Resolves when it is up. What keeps it from that is said in plain words, and ends the process. */
export async function runProcess(role: Role): Promise<void> {
  try {
    await start(role, settingsFor(role));
  } catch (error) {
    // Before there is a log: what is wrong, in plain words, and nothing else.
    const listed = error instanceof ConfigError || (error instanceof Error && 'problems' in error);
    process.stderr.write(
      `hangtag cannot start. ${listed ? (error as Error).message : String((error as Error)?.stack ?? error)}\n`,
    );
    process.exit(1);
  }
}

function settingsFor(role: Role): Config {
  // A worker listens nowhere.
  const config = parseConfig(role === 'work' ? { ...process.env, HOST: '' } : process.env, root);
  if (role !== 'everything' && config.DATABASE_URL === undefined)
    throw new ConfigError([
      `DATABASE_URL: \`${role}\` needs it: only PostgreSQL can be shared by several processes. Without it, \`npm start\` runs API and worker in one`,
    ]);
  return config;
}

async function start(role: Role, config: Config): Promise<void> {
  const log = createLog(config.LOG_LEVEL);
  const { services, meter, work, close } = await compose(config, log);
  const concurrency = config.WORK_CONCURRENCY;
  const worker = role === 'serve' ? null : await startWorker({ ...work, concurrency });
  const delivering = role === 'serve' ? null : work.startDelivering();
  const app =
    role === 'work'
      ? null
      : await buildApp({
          services,
          log,
          limits: {
            requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
            ratePerMinute: config.RATE_LIMIT_PER_MINUTE,
          },
          keys: config.API_KEYS ?? null,
          lag: measureLag(),
          metrics: meter,
        });
  // Take nothing more, finish what is in work, then close what it used. A second signal ends at once.
  closeWithGrace(
    { delay: patience.all, logger: { error: (message: unknown) => log.error(message) } },
    async ({ err, signal }) => {
      if (err) log.fatal({ err }, 'stopping after an unexpected error');
      else log.info({ signal }, 'stopping');
      await Promise.all([app?.close(), worker?.stop(patience.work), delivering?.stop(patience.deliveries)]);
      await close();
      log.info('stopped');
    },
  );
  const address = await app?.listen({ host: config.HOST, port: config.PORT });
  const { model } = (await services.readiness()).checks;
  if (address === undefined) {
    if (model) log.warn({ concurrency }, `hangtag works. It cannot tag yet: ${model}`);
    else log.info({ concurrency }, 'hangtag works: what was accepted is done here');
  } else if (model) log.warn({ address }, `hangtag listens: ${address}. It cannot tag yet: ${model}`);
  else log.info({ address }, `hangtag is ready: ${address}`);
}
