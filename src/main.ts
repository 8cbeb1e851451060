/** The process: settings, construction, listening, and an orderly end. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import closeWithGrace from 'close-with-grace';
import { compose } from './composition.ts';
import { ConfigError, parseConfig } from './config.ts';
import { buildApp, measureLag } from './http/app.ts';
import { createLog } from './log.ts';
import { startWorker } from './worker/tagging-worker.ts';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

async function start(): Promise<void> {
  const config = parseConfig(process.env, root);
  const log = createLog(config.LOG_LEVEL);
  const { services, meter, work, close } = await compose(config, log);
  const worker = await startWorker({ ...work, concurrency: config.WORK_CONCURRENCY });
  const delivering = work.startDelivering();
  const app = await buildApp({
    services,
    log,
    limits: { requestTimeoutMs: config.REQUEST_TIMEOUT_MS, ratePerMinute: config.RATE_LIMIT_PER_MINUTE },
    keys: config.API_KEYS ?? null,
    lag: measureLag(),
    metrics: meter,
  });
  // Stop taking requests, finish those in work, then close what they used.
  closeWithGrace(
    { delay: 20_000, logger: { error: (message: unknown) => log.error(message) } },
    async ({ err, signal }) => {
      if (err) log.fatal({ err }, 'stopping after an unexpected error');
      else log.info({ signal }, 'stopping');
      await app.close();
      await Promise.all([worker.stop(15_000), delivering.stop(12_000)]);
      await close();
      log.info('stopped');
    },
  );
  const address = await app.listen({ host: config.HOST, port: config.PORT });
  const { model } = (await services.readiness()).checks;
  if (model) log.warn({ address }, `hangtag listens: ${address}. It cannot tag yet: ${model}`);
  else log.info({ address }, `hangtag is ready: ${address}`);
}

start().catch((error: unknown) => {
  // Before there is a log: what is wrong, in plain words, and nothing else.
  const listed = error instanceof ConfigError || (error instanceof Error && 'problems' in error);
  process.stderr.write(
    `hangtag cannot start. ${listed ? (error as Error).message : String((error as Error)?.stack ?? error)}\n`,
  );
  process.exit(1);
});
