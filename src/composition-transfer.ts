/** For commands that move the store while no service runs on it. */
import type { Logger } from 'pino';
import { queueConstruction } from './adapters/queue/tables.ts';
import { createStoreTransfer } from './adapters/store/transfer/transfer.ts';
import type { StoreTransfer } from './application/ports-transfer.ts';
import type { Config } from './config.ts';

export function storeTransfer(config: Config, log: Logger): StoreTransfer {
  return createStoreTransfer({
    dataDir: config.dataDir,
    databaseUrl: config.DATABASE_URL ?? null,
    durability: config.DURABILITY,
    log,
    queueConstruction,
  });
}
