/**
 * SageMaker Runtime's front door on loopback: what stands between a client and the container of an endpoint. It checks
 * signatures, hides whatever the container refuses in a ModelError, has limits of its own, and fails on demand.
 *
 * Sources: the API reference of InvokeEndpoint, and what the AWS SDK makes of the answers (sagemaker-door.test.ts).
 * Chosen here, because nobody says it: an unreachable container is a ServiceUnavailable.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { refusal, type Signer } from '../aws/sigv4.ts';
import { type Container, type ContainerAnswer, callContainer } from './sagemaker-container.ts';

/**
 * How one call goes wrong. A number with a message is what the container answers, without being asked: 0 is no answer
 * within 60 s. `reset` comes before anything is read, `reset when done` after the container has answered, `half` ends
 * within the answer, `stall` falls silent within it, `hang` never answers. After `delayMs` milliseconds the call goes on as
 * usual. `type`: the service itself refuses, under that name; `page`: something before it does, in HTML.
 */
export type Fault =
  | 'none'
  | 'throttled'
  | 'not ready'
  | 'unavailable'
  | 'internal'
  | 'dependency'
  | 'reset'
  | 'reset when done'
  | 'half'
  | 'stall'
  | 'hang'
  | { readonly delayMs: number }
  | { readonly status: number; readonly type?: string; readonly message: string }
  | { readonly page: number };

export interface DoorOptions {
  /** Name of the endpoint -> the base URL of its container, or a function that is one. */
  readonly containers: Readonly<Record<string, string | Container>>;
  readonly credentials: Signer;
  /** The first call takes the first one, and so on; calls after the last one go through. */
  readonly faults?: readonly Fault[];
  /** Bytes of a body, and how more are refused: by the balancer in front, or by the service. */
  readonly mostBytes?: number;
  readonly oversize?: 'balancer' | 'service';
  readonly containerMs?: number;
}

export interface DoorCall {
  readonly endpoint: string;
  readonly status: number;
  /** The name of the error; null for none. */
  readonly type: string | null;
  readonly contentType: string | null;
  readonly customAttributes: string | null;
  readonly bytes: number;
}

export interface Door {
  readonly url: string;
  /** For the SDK's own way of finding region, credentials and address. */
  readonly environment: Readonly<Record<string, string>>;
  /** Those that were answered, in that order. */
  readonly calls: readonly DoorCall[];
  /** Further faults, for the next calls. */
  script(...faults: readonly Fault[]): void;
  close(): Promise<void>;
}

const account = '123456789012';
export const variant = 'AllTraffic';

const serviceFaults = {
  throttled: [400, 'ThrottlingException', 'Rate exceeded'],
  'not ready': [429, 'ModelNotReadyException', 'The model is being loaded.'],
  unavailable: [503, 'ServiceUnavailable', 'The service is unavailable. Try your call again.'],
  internal: [500, 'InternalFailure', 'An internal failure occurred. Try your request again.'],
  dependency: [530, 'InternalDependencyException', 'A dependency of the service failed.'],
} as const;

export async function startDoor(options: DoorOptions): Promise<Door> {
  const { containers, credentials, mostBytes = 6_291_456, oversize = 'balancer' } = options;
  const { containerMs = 60_000 } = options;
  const faults = [...(options.faults ?? [])];
  const calls: DoorCall[] = [];
  const sockets = new Set<Socket>();
  const closing = new AbortController();

  const server = createServer((request, response) => {
    receive(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const found = /^\/endpoints\/([^/?]+)\/invocations$/.exec(request.url ?? '');
    const endpoint = decodeURIComponent(found?.[1] ?? '');
    const fault = faults.shift() ?? 'none';
    if (fault === 'reset') return void request.socket.destroy();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const write = (status: number, type: string | null, headers: Record<string, string>, bytes: Buffer) => {
      calls.push({
        endpoint,
        status,
        type,
        contentType: request.headers['content-type'] ?? null,
        customAttributes: text(request.headers, 'x-amzn-sagemaker-custom-attributes'),
        bytes: body.byteLength,
      });
      response.writeHead(status, { ...headers, 'content-length': String(bytes.byteLength) });
      if (fault !== 'half' && fault !== 'stall') return void response.end(bytes);
      response.write(bytes.subarray(0, bytes.byteLength / 2), () => {
        if (fault === 'half') request.socket.destroy();
      });
    };
    const refuse = (status: number, type: string, fields: Readonly<Record<string, unknown>>) =>
      write(
        status,
        type,
        { 'content-type': 'application/json', 'x-amzn-errortype': type },
        Buffer.from(JSON.stringify(fields)),
      );
    const invalid = (Message: string) => refuse(400, 'ValidationError', { Message });

    if (!found || request.method !== 'POST')
      return refuse(404, 'UnknownOperationException', { Message: 'There is no such operation.' });
    if (body.byteLength > mostBytes) {
      const page = Buffer.from('<html><body><h1>413 Request Entity Too Large</h1></body></html>');
      if (oversize === 'balancer') return write(413, null, { 'content-type': 'text/html' }, page);
      return invalid(`Request ${body.byteLength} bytes has oversize body; at most ${mostBytes} bytes.`);
    }
    const wrong = refusal(request, body, 'sagemaker', credentials);
    if (wrong) return refuse(403, wrong, { Message: 'The request is not signed as it must be.' });
    if (fault === 'hang') return;
    if (typeof fault === 'string' && fault in serviceFaults) {
      const [status, type, Message] = serviceFaults[fault as keyof typeof serviceFaults];
      return refuse(status, type, { Message });
    }
    if (typeof fault === 'object' && 'page' in fault)
      return write(fault.page, null, { 'content-type': 'text/html' }, Buffer.from('<html>no</html>'));
    if (typeof fault === 'object' && 'type' in fault)
      return refuse(fault.status, fault.type, { Message: fault.message });
    if (typeof fault === 'object' && 'delayMs' in fault)
      await wait(fault.delayMs, undefined, { signal: closing.signal });
    const container = Object.hasOwn(containers, endpoint) ? containers[endpoint] : undefined;
    if (!container) return invalid(`Endpoint ${endpoint} of account ${account} not found.`);
    const target = text(request.headers, 'x-amzn-sagemaker-target-variant');
    if (target !== null && target !== variant)
      return invalid(`Variant ${target} of endpoint ${endpoint} not found.`);
    const attributes = text(request.headers, 'x-amzn-sagemaker-custom-attributes') ?? '';
    if (attributes.length > 1024 || /[^\x20-\x7e]/.test(attributes))
      return invalid('CustomAttributes is at most 1024 characters of visible US-ASCII.');

    const answer =
      typeof fault === 'object' && 'status' in fault
        ? { status: fault.status, headers: {}, body: Buffer.from(fault.message) }
        : await callContainer(container, passedOn(request.headers), body, {
            ms: containerMs,
            signal: closing.signal,
          });
    if (answer === 'unreachable')
      return refuse(503, 'ServiceUnavailable', {
        Message: 'The service is unavailable. Try your call again.',
      });
    if (answer.status < 200 || answer.status > 299)
      return refuse(424, 'ModelError', modelError(endpoint, answer));
    if (fault === 'reset when done') return void request.socket.destroy();
    write(200, null, given(answer), answer.body);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    environment: {
      AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: url,
      AWS_REGION: credentials.region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken ?? '',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    calls,
    script: (...more) => void faults.push(...more),
    close() {
      closing.abort();
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** All that a container sees of a request's headers. */
function passedOn(headers: IncomingHttpHeaders): Record<string, string> {
  const names = Object.keys(headers).filter((name) =>
    /^(content-type|accept|x-amzn-sagemaker-.+)$/.test(name),
  );
  return Object.fromEntries(names.map((name) => [name, text(headers, name) ?? '']));
}

/** All that a client sees of a container's headers. */
function given({ headers }: ContainerAnswer): Record<string, string> {
  const passed = ['content-type', 'x-amzn-sagemaker-custom-attributes'].filter((name) => name in headers);
  return {
    'x-amzn-invoked-production-variant': variant,
    'x-amzn-requestid': crypto.randomUUID(),
    ...Object.fromEntries(passed.map((name) => [name, headers[name]!])),
  };
}

function modelError(endpoint: string, { status, body }: ContainerAnswer): Record<string, unknown> {
  const said = body.toString();
  const side = status >= 400 && status < 500 ? 'client' : 'server';
  return {
    Message: `Received ${side} error (${status}) from primary with message "${said}". See the log of ${endpoint} in account ${account} for more information.`,
    OriginalStatusCode: status,
    OriginalMessage: said,
    LogStreamArn: `arn:aws:logs:eu-test-1:${account}:log-group:/aws/sagemaker/Endpoints/${endpoint}`,
  };
}

function text(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : (value ?? null);
}
