/**
 * Every fault of docs/sagemaker.md, through the AWS SDK: how often the endpoint is asked, what the caller gets, and that
 * the next call is well. Short waits; the decisions are those of the service.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  createRuntime,
  type Runtime,
  type RuntimeOptions,
} from '../../../../src/adapters/inference/sagemaker/runtime.ts';
import { type Door, type Fault, startDoor } from '../../../rings/sagemaker-door.ts';

const credentials = { accessKeyId: 'AKIDSTANDIN', secretAccessKey: 'a-secret', region: 'eu-test-1' };
const deadlineMs = 1500;

interface Row {
  readonly fault: string;
  /** Tries in all while it lasts; 0: none reaches the endpoint. */
  readonly tries: number;
  readonly code: 'inference.unavailable' | 'inference.timeout';
  readonly says: string;
  readonly script?: Fault;
  readonly options?: Partial<RuntimeOptions>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly bytes?: number;
}

/** Three tries are all there are here; the service's own are four. */
const rows: readonly Row[] = [
  {
    fault: 'throttled',
    tries: 3,
    script: 'throttled',
    code: 'inference.unavailable',
    says: 'The endpoint throttles.',
  },
  {
    fault: 'model being loaded',
    tries: 3,
    script: 'not ready',
    code: 'inference.unavailable',
    says: 'The model is being loaded.',
  },
  {
    fault: '503 of the service',
    tries: 3,
    script: 'unavailable',
    code: 'inference.unavailable',
    says: 'The endpoint is not available right now.',
  },
  {
    fault: '500 of the service',
    tries: 3,
    script: 'internal',
    code: 'inference.unavailable',
    says: 'The endpoint is not available right now.',
  },
  {
    fault: '530 of a dependency',
    tries: 3,
    script: 'dependency',
    code: 'inference.unavailable',
    says: 'The endpoint is not available right now.',
  },
  {
    fault: 'container: 400',
    tries: 1,
    script: { status: 400, message: 'bad handler' },
    code: 'inference.unavailable',
    says: 'The model refused the call (400).',
  },
  {
    fault: 'container: 400, process is stopped',
    tries: 3,
    script: { status: 400, message: 'Backend Python process is stopped.' },
    code: 'inference.unavailable',
    says: 'A worker of the model was restarting.',
  },
  {
    fault: 'container: 413',
    tries: 1,
    script: { status: 413, message: 'too large' },
    code: 'inference.unavailable',
    says: 'The model refused the call (413).',
  },
  {
    fault: 'container: 424',
    tries: 1,
    script: { status: 424, message: 'a bug' },
    code: 'inference.unavailable',
    says: 'The model refused the call (424).',
  },
  {
    fault: 'container: 429',
    tries: 3,
    script: { status: 429, message: 'queue full' },
    code: 'inference.unavailable',
    says: 'The model answered with 429.',
  },
  {
    fault: 'container: 500',
    tries: 3,
    script: { status: 500, message: 'died' },
    code: 'inference.unavailable',
    says: 'The model answered with 500.',
  },
  {
    fault: 'container: 503',
    tries: 3,
    script: { status: 503, message: 'WlmCapacityException' },
    code: 'inference.unavailable',
    says: 'The model answered with 503.',
  },
  {
    fault: 'container: 507',
    tries: 3,
    script: { status: 507, message: 'CUDA out of memory' },
    code: 'inference.unavailable',
    says: 'The model answered with 507.',
  },
  {
    fault: 'container: no answer in 60 s',
    tries: 1,
    script: { status: 0, message: '' },
    code: 'inference.unavailable',
    says: 'The model did not answer within the endpoint’s 60 seconds.',
  },
  {
    fault: 'call larger than 6 MB',
    tries: 1,
    bytes: 7_000_000,
    code: 'inference.unavailable',
    says: 'The endpoint refuses calls of this size: lower SAGEMAKER_MAX_PAYLOAD.',
  },
  {
    fault: 'no answer at all',
    tries: 1,
    script: 'hang',
    code: 'inference.timeout',
    says: 'The endpoint gave no answer in time; nothing was stored.',
  },
  {
    fault: 'slow first byte',
    tries: 1,
    script: { delayMs: 5000 },
    code: 'inference.timeout',
    says: 'The endpoint gave no answer in time; nothing was stored.',
  },
  {
    fault: 'connection reset before the answer',
    tries: 3,
    script: 'reset',
    code: 'inference.unavailable',
    says: 'The connection to the endpoint was cut.',
  },
  {
    fault: 'connection reset after the work',
    tries: 3,
    script: 'reset when done',
    code: 'inference.unavailable',
    says: 'The connection to the endpoint was cut.',
  },
  {
    fault: 'answer cut in the middle',
    tries: 3,
    script: 'half',
    code: 'inference.unavailable',
    says: 'The connection to the endpoint was cut.',
  },
  {
    fault: 'nothing listens there',
    tries: 3,
    environment: { AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: 'http://127.0.0.1:1' },
    code: 'inference.unavailable',
    says: 'The endpoint cannot be reached.',
  },
  {
    fault: 'no such endpoint, or not yet',
    tries: 1,
    options: { endpoint: 'gone' },
    code: 'inference.unavailable',
    says: 'The endpoint does not exist in this region, or is still being created.',
  },
  {
    fault: 'no such variant',
    tries: 1,
    options: { variant: 'Green' },
    code: 'inference.unavailable',
    says: 'The endpoint does not exist in this region, or is still being created.',
  },
  {
    fault: 'credentials for another region',
    tries: 1,
    options: { region: 'us-test-9' },
    code: 'inference.unavailable',
    says: 'The endpoint refuses the credentials of this service.',
  },
  {
    fault: 'wrong secret',
    tries: 1,
    environment: { AWS_SECRET_ACCESS_KEY: 'another-secret' },
    code: 'inference.unavailable',
    says: 'The endpoint refuses the credentials of this service.',
  },
  {
    fault: 'session expired',
    tries: 1,
    environment: { AWS_SESSION_TOKEN: 'old' },
    code: 'inference.unavailable',
    says: 'The endpoint refuses the credentials of this service.',
  },
];

let door: Door;
let runtime: Runtime;
const watch = { called: vi.fn(), retried: vi.fn(), circuit: vi.fn() };

async function start({
  options = {},
  environment = {},
}: Pick<Row, 'options' | 'environment'> = {}): Promise<void> {
  const answer = {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('"well"'),
  };
  door = await startDoor({ containers: { clip: () => answer }, credentials });
  for (const [name, value] of Object.entries({ ...door.environment, ...environment }))
    vi.stubEnv(name, value || undefined);
  runtime = createRuntime({
    endpoint: 'clip',
    variant: null,
    inferenceComponent: null,
    region: null,
    sockets: 4,
    watch,
    retries: { attempts: 3, baseMs: 4, longestMs: 40, budget: 50 },
    circuit: { failures: 5, openMs: 150, longestMs: 300 },
    ...options,
  });
}
afterEach(async () => {
  runtime.close();
  await door.close();
  vi.unstubAllEnvs();
  vi.clearAllMocks();
});
const ask = (bytes = 10) =>
  runtime.invoke(
    { body: new Uint8Array(bytes), contentType: 'application/octet-stream' },
    (body) => JSON.parse(new TextDecoder().decode(body)) as string,
    { deadlineMs },
  );

describe('the table', () => {
  test.each(rows)(
    '$fault',
    async (row) => {
      await start(row);
      const { script } = row;
      if (script !== undefined) door.script(...Array.from({ length: row.tries }, () => script));
      const started = performance.now();
      const error = await ask(row.bytes).then(
        () => null,
        (raised) => raised as Error & { code: string; retryAfter: number },
      );
      // Nothing outlasts its deadline.
      expect(performance.now() - started).toBeLessThan(deadlineMs + 700);
      expect(error).toMatchObject({ code: row.code, message: row.says });
      expect(error?.retryAfter).toBeGreaterThan(0);
      expect(watch.called.mock.calls).toHaveLength(row.tries);
      expect(watch.retried.mock.calls).toHaveLength(row.tries - 1);
      expect(runtime.reason()).toBeNull();
      if (row.script === undefined) return;
      // Whatever is left of the script is used up first.
      await vi.waitFor(async () => expect(await ask()).toBe('well'), { timeout: 20_000, interval: 1 });
    },
    30_000,
  );

  test('the SDK finds no credentials, or no region: said in its words, and nothing is sent', async () => {
    const nowhere = {
      AWS_CONFIG_FILE: '/nowhere',
      AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
      HOME: '/nowhere',
    };
    await start({
      environment: { ...nowhere, AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_PROFILE: '' },
    });
    await expect(ask()).rejects.toMatchObject({
      code: 'inference.unavailable',
      message: expect.stringMatching(/credentials/i),
    });
    runtime.close();
    await door.close();
    await start({ environment: { ...nowhere, AWS_REGION: '' } });
    await expect(ask()).rejects.toThrow(/region/i);
    expect(door.calls).toHaveLength(0);
  });

  test('docs/sagemaker.md has these rows, and no other', () => {
    const page = readFileSync(path.resolve(import.meta.dirname, '../../../../docs/sagemaker.md'), 'utf8');
    const written = page.split('\n').filter((line) => /^\| [^|]+ \| (yes|no) \|/.test(line));
    const expected = rows.map(
      ({ fault, tries, code, says }) => `| ${fault} | ${tries > 1 ? 'yes' : 'no'} | \`${code}\` | ${says} |`,
    );
    expect(written).toEqual(expected);
  });
});

describe('an endpoint that keeps failing', () => {
  test('is left alone, is tried by one call, and is asked again once it is back', async () => {
    await start();
    door.script(...Array.from({ length: 15 }, () => 'unavailable' as const));
    for (let call = 0; call < 5; call++) await expect(ask()).rejects.toThrow();
    expect(runtime.reason()).toBe('The endpoint is not available right now.');
    expect(runtime.resting()).toBe(true);
    const calls = watch.called.mock.calls.length;
    await expect(ask()).rejects.toMatchObject({ code: 'inference.unavailable', retryAfter: 1 });
    expect(watch.called.mock.calls).toHaveLength(calls);
    await vi.waitFor(() => expect(runtime.resting()).toBe(false), { timeout: 5000 });
    expect(runtime.reason()).not.toBeNull();
    expect(await ask()).toBe('well');
    expect(runtime.reason()).toBeNull();
    expect(watch.circuit.mock.calls.map(([state]) => state)).toEqual(['open', 'half-open', 'closed']);
  });

  test('a caller who leaves is let go at once, and counts for nothing', async () => {
    await start();
    door.script('hang');
    const leaving = new AbortController();
    setTimeout(() => leaving.abort(), 50);
    const started = performance.now();
    const call = runtime.invoke({ body: 'x', contentType: 'text/plain' }, () => 'read', {
      deadlineMs,
      signal: leaving.signal,
    });
    await expect(call).rejects.toMatchObject({ code: 'request.cancelled' });
    expect(performance.now() - started).toBeLessThan(1000);
    expect(await ask()).toBe('well');
  });
});

test('sockets are kept: many calls, few connections', async () => {
  await start();
  const upstream = new URL(door.url);
  let connections = 0;
  const proxy: Server = createServer((socket) => {
    connections += 1;
    import('node:net').then(({ connect }) => {
      const onward = connect(Number(upstream.port), upstream.hostname);
      socket.pipe(onward).pipe(socket);
      for (const one of [socket, onward]) one.on('error', () => {});
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  vi.stubEnv(
    'AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME',
    `http://127.0.0.1:${(proxy.address() as { port: number }).port}`,
  );
  runtime.close();
  runtime = createRuntime({
    endpoint: 'clip',
    variant: null,
    inferenceComponent: null,
    region: null,
    sockets: 4,
  });
  for (let round = 0; round < 5; round++) await Promise.all(Array.from({ length: 8 }, () => ask()));
  expect(door.calls).toHaveLength(40);
  expect(connections).toBeLessThanOrEqual(4);
  proxy.close();
});
