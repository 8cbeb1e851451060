/** An endpoint on loopback and the client's calls of it: the AWS SDK, the front door, a container behind it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { vi } from 'vitest';
import {
  type ClipEndpointOptions,
  openClipEndpoint,
} from '../../../../src/adapters/inference/sagemaker/clip-endpoint.ts';
import {
  createRuntime,
  type Runtime,
  type RuntimeOptions,
} from '../../../../src/adapters/inference/sagemaker/runtime.ts';
import type { ClipModel } from '../../../../src/application/ports-clip.ts';
import type { Container } from '../../../rings/sagemaker-container.ts';
import { type Door, startDoor } from '../../../rings/sagemaker-door.ts';
import { pixelBytes } from './clip-container.ts';

const credentials = { accessKeyId: 'AKIDSTANDIN', secretAccessKey: 'a-secret', region: 'eu-test-1' };

export interface EndpointWorld {
  readonly door: Door;
  readonly runtime: Runtime;
  readonly watch: ReturnType<typeof watchers>;
  /** The container of the endpoint `clip`, and those of others; may be changed. */
  readonly containers: Record<string, Container>;
  open(changes?: Partial<ClipEndpointOptions>): Promise<ClipModel>;
  close(): Promise<void>;
}

const watchers = () => ({ called: vi.fn(), retried: vi.fn(), circuit: vi.fn() });

/** Waits are short; what is decided is decided as in the service. */
export async function startWorld(
  container: Container,
  options: Partial<RuntimeOptions> = {},
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<EndpointWorld> {
  const containers: Record<string, Container> = { clip: container };
  const door = await startDoor({ containers, credentials });
  for (const [name, value] of Object.entries({ ...door.environment, ...environment }))
    vi.stubEnv(name, value || undefined);
  const watch = watchers();
  const runtime = createRuntime({
    endpoint: 'clip',
    variant: null,
    inferenceComponent: null,
    region: null,
    sockets: 8,
    watch,
    retries: { attempts: 3, baseMs: 4, longestMs: 40, budget: 50 },
    circuit: { failures: 5, openMs: 150, longestMs: 300 },
    ...options,
  });
  const opened: ClipModel[] = [];
  return {
    door,
    runtime,
    watch,
    containers,
    async open(changes = {}) {
      const model = await openClipEndpoint({
        runtime,
        maxPayload: 100 * pixelBytes,
        slots: 1,
        deadlineMs: 5000,
        onChanged: () => {},
        ...changes,
      });
      opened.push(model);
      return model;
    },
    async close() {
      for (const model of opened) await model.close();
      runtime.close();
      await door.close();
      vi.unstubAllEnvs();
    },
  };
}

export interface Relay {
  readonly url: string;
  /** Connections that it took, ever. */
  connections(): number;
  close(): Promise<void>;
}

/** Passes bytes on to a door; on the given port, or on any. */
export async function startRelay(to: string, port = 0): Promise<Relay> {
  const onward = new URL(to);
  const sockets = new Set<Socket>();
  let taken = 0;
  const server: Server = createServer((socket) => {
    taken += 1;
    const next = connect(Number(onward.port), onward.hostname);
    socket.pipe(next).pipe(socket);
    for (const one of [socket, next]) {
      sockets.add(one);
      one.on('error', () => {});
    }
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    connections: () => taken,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const deaf = `const { connect, createServer } = require('node:net');
let to = 0;
const server = createServer((socket) => {
  const next = connect(to, '127.0.0.1');
  socket.pipe(next).pipe(socket);
  for (const one of [socket, next]) one.on('error', () => {});
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));
process.once('message', (port) => { to = port; process.send('known'); });`;

/** Somebody who listens, and takes no connection: its queue is full. Once it hears, it passes bytes on to a door. */
export async function startDeaf(): Promise<{
  readonly url: string;
  hear(to: string): Promise<void>;
  close(): Promise<void>;
}> {
  const child = spawn(process.execPath, ['-e', deaf], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const [first] = await once(child.stdout!, 'data');
  const port = Number(String(first));
  child.kill('SIGSTOP');
  const queued = [0, 1].map(() => connect(port, '127.0.0.1').on('error', () => {}));
  await Promise.all(queued.map((socket) => once(socket, 'connect')));
  return {
    url: `http://127.0.0.1:${port}`,
    async hear(to) {
      for (const socket of queued) socket.destroy();
      child.kill('SIGCONT');
      child.send(Number(new URL(to).port));
      await once(child, 'message');
    },
    async close() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      for (const socket of queued) socket.destroy();
      await gone;
    },
  };
}
