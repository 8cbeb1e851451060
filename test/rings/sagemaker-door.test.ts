/** The front door as the AWS SDK meets it: each answer comes out under the name that the service's model gives it. */
import {
  InvokeEndpointCommand,
  type InvokeEndpointCommandInput,
  ModelError,
  SageMakerRuntimeClient,
} from '@aws-sdk/client-sagemaker-runtime';
import { afterEach, expect, test, vi } from 'vitest';
import type { Container } from './sagemaker-container.ts';
import { type Door, type DoorOptions, startDoor } from './sagemaker-door.ts';

const credentials = {
  accessKeyId: 'AKIDSTANDIN',
  secretAccessKey: 'a-secret/that+nobody=logs',
  sessionToken: 'a-session-token',
  region: 'eu-test-1',
};
const made: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const undo of made.splice(0).reverse()) await undo();
});

/** Says what came, and a header that does not pass the door. */
const echo: Container = (headers, body) => ({
  status: 200,
  headers: {
    'content-type': 'application/json',
    'x-amzn-sagemaker-custom-attributes': 'a=b',
    'x-inner': 'no',
  },
  body: Buffer.from(JSON.stringify({ headers, body: body.toString('latin1') })),
});

async function open(options: Partial<DoorOptions> = {}): Promise<Door> {
  const door = await startDoor({ containers: { clip: echo }, credentials, ...options });
  made.push(() => door.close());
  return door;
}

function client(door: Door, { attempts = 1, secret = credentials.secretAccessKey } = {}) {
  const sdk = new SageMakerRuntimeClient({
    endpoint: door.url,
    region: credentials.region,
    credentials: { ...credentials, secretAccessKey: secret },
    maxAttempts: attempts,
  });
  made.push(() => sdk.destroy());
  return (input: Partial<InvokeEndpointCommandInput> = {}, abortSignal?: AbortSignal) =>
    sdk.send(new InvokeEndpointCommand({ EndpointName: 'clip', Body: 'x', ...input }), {
      ...(abortSignal ? { abortSignal } : {}),
    });
}

async function failure(call: Promise<unknown>): Promise<Record<string, unknown>> {
  return call.then(
    () => expect.fail('it went through'),
    (error: unknown) => error as Record<string, unknown>,
  );
}

test('the container sees the body and its own headers alone; the client sees two of the container', async () => {
  const door = await open();
  const answer = await client(door)({
    Body: Buffer.from([0xff, 0, 0x80]),
    ContentType: 'image/jpeg',
    CustomAttributes: 'task=embed;size=48',
    Accept: 'application/json',
    InferenceId: 'id-1',
  });
  const { headers, body } = JSON.parse(answer.Body.transformToString());
  expect(Buffer.from(body, 'latin1')).toEqual(Buffer.from([0xff, 0, 0x80]));
  expect(headers).toEqual({
    accept: 'application/json',
    'content-type': 'image/jpeg',
    'x-amzn-sagemaker-custom-attributes': 'task=embed;size=48',
    'x-amzn-sagemaker-inference-id': 'id-1',
  });
  expect(answer).toMatchObject({
    ContentType: 'application/json',
    CustomAttributes: 'a=b',
    InvokedProductionVariant: 'AllTraffic',
  });
  expect(door.calls).toEqual([
    {
      endpoint: 'clip',
      status: 200,
      type: null,
      contentType: 'image/jpeg',
      customAttributes: 'task=embed;size=48',
      bytes: 3,
    },
  ]);
});

test('the environment is enough for a client that is told nothing', async () => {
  const door = await open();
  for (const [name, value] of Object.entries(door.environment)) vi.stubEnv(name, value);
  const sdk = new SageMakerRuntimeClient();
  made.push(() => sdk.destroy());
  const answer = await sdk.send(new InvokeEndpointCommand({ EndpointName: 'clip', Body: 'x' }));
  expect(answer.$metadata.httpStatusCode).toBe(200);
});

test.each([
  ['another secret', { secret: 'wrong' }, {}, 'InvalidSignatureException', 403, /signed/],
  ['an unknown endpoint', {}, { EndpointName: 'blip' }, 'ValidationError', 400, /Endpoint blip .*not found/],
  ['an unknown variant', {}, { TargetVariant: 'B' }, 'ValidationError', 400, /Variant B .*not found/],
  [
    'long attributes',
    {},
    { CustomAttributes: `a=${'b'.repeat(1023)}` },
    'ValidationError',
    400,
    /at most 1024/,
  ],
] as const)('%s is refused', async (_, how, input, name, status, message) => {
  const door = await open();
  const error = await failure(client(door, how)(input));
  expect(error).toMatchObject({ name, $metadata: { httpStatusCode: status } });
  expect(error.message).toMatch(message);
});

test('another key is a client that is not known', async () => {
  const door = await open({ credentials: { ...credentials, accessKeyId: 'AKIDOTHER' } });
  expect(await failure(client(door)())).toMatchObject({ name: 'UnrecognizedClientException' });
});

test('6 MiB go through; a byte more is refused by the balancer, or by the service', async () => {
  const door = await open();
  const call = client(door);
  expect((await call({ Body: Buffer.alloc(6_291_456) })).$metadata.httpStatusCode).toBe(200);
  const more = { Body: Buffer.alloc(6_291_457) };
  // No JSON, so the SDK finds no name for it.
  expect(await failure(call(more))).toMatchObject({ $metadata: { httpStatusCode: 413 } });
  const strict = await open({ oversize: 'service' });
  expect(await failure(client(strict)(more))).toMatchObject({
    name: 'ValidationError',
    message: expect.stringContaining('oversize body'),
  });
});

test('whatever the container refuses is a ModelError with its status and words', async () => {
  const statuses = [400, 424, 429, 500, 503, 507];
  const door = await open({
    containers: {
      clip: (_headers, body) => ({ status: Number(body), headers: {}, body: Buffer.from('{"code":1}') }),
    },
  });
  for (const status of statuses) {
    const error = await failure(client(door)({ Body: String(status) }));
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({
      OriginalStatusCode: status,
      OriginalMessage: '{"code":1}',
      $metadata: { httpStatusCode: 424 },
    });
    expect(error.message).toContain(`${status < 500 ? 'client' : 'server'} error (${status})`);
  }
});

test('a container that is too slow answers with status 0; one that is not there is unavailable', async () => {
  const door = await open({
    containers: { clip: () => new Promise(() => {}), gone: 'http://127.0.0.1:9' },
    containerMs: 50,
  });
  expect(await failure(client(door)())).toMatchObject({
    name: 'ModelError',
    OriginalStatusCode: 0,
    message: expect.stringContaining('timed out'),
  });
  expect(await failure(client(door)({ EndpointName: 'gone' }))).toMatchObject({ name: 'ServiceUnavailable' });
});

test('faults come in the order of the script, each once', async () => {
  const door = await open({ faults: ['throttled', 'not ready', 'none', 'unavailable'] });
  door.script('internal', 'dependency', { status: 503, message: 'full' });
  const call = client(door);
  const named = async () =>
    call().then(
      () => 'ok',
      (error: Error) => error.name,
    );
  const seen: string[] = [];
  for (let count = 0; count < 8; count++) seen.push(await named());
  expect(seen).toEqual([
    'ThrottlingException',
    'ModelNotReadyException',
    'ok',
    'ServiceUnavailable',
    'InternalFailure',
    'InternalDependencyException',
    'ModelError',
    'ok',
  ]);
  expect(door.calls.map(({ status }) => status)).toEqual([400, 429, 200, 503, 500, 530, 424, 200]);
});

test('the SDK tries again after cut connections and 503, and never after a ModelError', async () => {
  const door = await open({ faults: ['reset', 'unavailable'] });
  const answer = await client(door, { attempts: 3 })();
  expect(answer.$metadata.attempts).toBe(3);
  door.script({ status: 503, message: 'full' });
  const error = await failure(client(door, { attempts: 3 })());
  expect(error).toMatchObject({ name: 'ModelError', $metadata: { attempts: 1 } });
});

test.each(['reset', 'reset when done', 'half'] as const)('%s: the connection is cut', async (fault) => {
  const asked: number[] = [];
  const door = await open({
    containers: {
      clip: (headers, body) => {
        asked.push(body.byteLength);
        return echo(headers, body);
      },
    },
    faults: [fault],
  });
  const call = client(door)();
  const outcome = await call.then(
    (answer) => answer.Body.transformToString(),
    (error: unknown) => error,
  );
  // Half of an answer must not look like a whole one.
  expect(outcome).toBeInstanceOf(Error);
  expect(asked).toHaveLength(fault === 'reset' ? 0 : 1);
});

test('a delay passes, a hang does not, and closing ends both', async () => {
  const door = await open({ faults: [{ delayMs: 80 }, 'hang', { delayMs: 60_000 }] });
  const call = client(door);
  const started = performance.now();
  await call();
  expect(performance.now() - started).toBeGreaterThan(75);
  expect(await failure(call({}, AbortSignal.timeout(100)))).toMatchObject({ name: 'AbortError' });
  const late = failure(call());
  await expect.poll(() => door.calls.length).toBe(1);
  await door.close();
  expect(await late).toBeInstanceOf(Error);
});
