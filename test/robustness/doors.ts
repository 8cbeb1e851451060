/** The real services behind two doors in this process, one open and one with keys, and two ways to knock. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createMeter } from '../../src/adapters/metrics/meter.ts';
import { compose, composeOffline } from '../../src/composition.ts';
import { parseConfig } from '../../src/config.ts';
import { buildApp } from '../../src/http/app.ts';
import { createLog } from '../../src/log.ts';
import { startWorker } from '../../src/worker/tagging-worker.ts';
import type { Answer } from './judge.ts';
import { type Sent, secretOf, testKeys } from './requests.ts';
import { senderSecrets } from './signatures.ts';
import { nobody } from './words.ts';

export interface Doors {
  send(sent: Sent): Promise<Answer>;
  /** The port of the open door. */
  readonly port: number;
  /** What was logged as an error so far. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

/** Node's client announces no length for a GET's body, and the body would then be taken for the next request. */
function announced(headers: Sent['headers'], body: Buffer | null): Record<string, string | string[]> {
  return body === null ? { ...headers } : { ...headers, 'content-length': String(body.length) };
}

/** Milliseconds that one answer may take. */
const patience = 20_000;
const root = path.resolve(import.meta.dirname, '../..');

export interface DoorOptions {
  /** sql: the embedded database, on files. memory: opens at once. */
  readonly store: 'sql' | 'memory';
  readonly requestTimeoutMs: number;
}

export async function openDoors({ store, requestTimeoutMs }: DoorOptions): Promise<Doors> {
  const folder = await mkdtemp(path.join(tmpdir(), 'hangtag-robust-'));
  const config = parseConfig(
    {
      DATA_DIR: folder,
      DURABILITY: 'relaxed',
      LOG_LEVEL: 'error',
      FETCH_ALLOW_ORIGINS: nobody,
      ...senderSecrets,
    },
    root,
  );
  const errors: string[] = [];
  const log = createLog('error', { write: (line: string) => void errors.push(line) });
  const { services, meter, work, close } = await (store === 'sql' ? compose : composeOffline)(config, log);
  const worker = await startWorker({ ...work, concurrency: 2 });
  const keys = Object.entries(testKeys).map(([id, scope]) => ({
    id,
    scopes: [scope],
    sha256: createHash('sha256').update(secretOf(id)).digest('hex'),
  }));
  const common = { services, log, limits: { requestTimeoutMs }, metrics: meter };
  const apps = {
    open: await buildApp({ ...common, keys: null }),
    // A door tells the meter of itself, so each has its own.
    keyed: await buildApp({ ...common, keys, metrics: createMeter() }),
  };
  for (const app of Object.values(apps)) await app.listen({ port: 0, host: '127.0.0.1' });
  const ports = {
    open: (apps.open.server.address() as { port: number }).port,
    keyed: (apps.keyed.server.address() as { port: number }).port,
  };
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });

  async function inject({ door, method, url, headers, body }: Sent): Promise<Answer> {
    const answer = await apps[door].inject({
      method: method as 'GET',
      url,
      headers: { ...headers },
      ...(body === null ? {} : { payload: body }),
    });
    return {
      status: answer.statusCode,
      headers: answer.headers as Answer['headers'],
      body: answer.rawPayload,
    };
  }

  function overSocket({ door, method, url, headers, body }: Sent): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        {
          host: '127.0.0.1',
          port: ports[door],
          method,
          path: url,
          headers: announced(headers, body),
          agent,
          timeout: patience,
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('error', reject);
          answer.on('end', () =>
            resolve({ status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(chunks) }),
          );
        },
      );
      request.on('timeout', () => request.destroy(new Error(`no answer within ${patience} ms`)));
      request.on('error', reject);
      request.end(body ?? undefined);
    });
  }

  return {
    send: (sent) => (sent.by === 'inject' ? inject(sent) : overSocket(sent)),
    port: ports.open,
    errors,
    async close() {
      agent.destroy();
      for (const app of Object.values(apps)) await app.close();
      await worker.stop(5000);
      await close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
