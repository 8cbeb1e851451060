/** The whole store from one home to another: `StoreTransfer` over the embedded database and over servers. */
import path from 'node:path';
import type { StoreTransfer } from '../../../application/ports-transfer.ts';
import type { StoreLog } from '../failures.ts';
import { backUp } from './backup.ts';
import { copyStore } from './copy.ts';
import { atEmbedded, atServer, type End } from './end.ts';
import { restore } from './restore.ts';

export interface StoreTransferOptions {
  /** Absolute. */
  readonly dataDir: string;
  /** The configured store, where it is a server. */
  readonly databaseUrl: string | null;
  readonly durability: 'full' | 'relaxed';
  readonly log: StoreLog;
  /** SQL that makes the work queue's schema of this name. */
  readonly queueConstruction: (schema: string) => string;
}

export function createStoreTransfer(options: StoreTransferOptions): StoreTransfer {
  const { dataDir, databaseUrl, durability, log, queueConstruction } = options;
  const atSource = <T>(from: string, work: (end: End) => Promise<T>) =>
    /^postgres(ql)?:\/\//.test(from)
      ? atServer(from, log, work)
      : atEmbedded(path.join(from, 'database'), durability, log, work);
  return {
    copy: ({ from, to, restart }, watch, signal) =>
      atServer(to, log, (target) =>
        atSource(from ?? databaseUrl ?? dataDir, (source) =>
          copyStore({ source, target, restart, watch, signal, queueConstruction }),
        ),
      ),
    async backup(file, watch, signal) {
      if (databaseUrl !== null) throw new Error('A store on PostgreSQL is backed up by pg_dump.');
      return backUp({ dataDir, file, log, watch, signal });
    },
    async restore(file, watch, signal) {
      if (databaseUrl !== null) throw new Error('A store on PostgreSQL is restored by pg_restore.');
      return restore({ dataDir, file, durability, log, watch, signal });
    },
  };
}
