/** Calls of an endpoint over time: one that keeps failing, callers that leave, the end of the service, sockets. */
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createRuntime } from '../../../../src/adapters/inference/sagemaker/runtime.ts';
import type { Container } from '../../../rings/sagemaker-container.ts';
import { type EndpointWorld, startRelay, startWorld } from './endpoint-world.ts';

const answer = { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from('"well"') };
let container: Container;
let endpoint: EndpointWorld;

beforeEach(async () => {
  container = () => answer;
  endpoint = await startWorld((headers, body) => container(headers, body));
});
afterEach(() => endpoint.close());
const ask = (limits: { deadlineMs?: number; signal?: AbortSignal } = {}, runtime = endpoint.runtime) =>
  runtime.invoke(
    { body: 'x', contentType: 'text/plain' },
    (body) => JSON.parse(new TextDecoder().decode(body)) as string,
    { deadlineMs: 10_000, ...limits },
  );
async function took(work: Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work;
  return performance.now() - started;
}

describe('an endpoint that keeps failing', () => {
  test('is left alone, is tried by one call, and is asked again once it is back', async () => {
    const { door, runtime, watch } = endpoint;
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

  test('many that fail at once open it for no longer than one would', async () => {
    await endpoint.close();
    endpoint = await startWorld(container, {
      sockets: 40,
      // Long enough that forty answers on a busy machine come before it is over.
      circuit: { failures: 5, openMs: 1500, longestMs: 60_000 },
    });
    const { door, runtime } = endpoint;
    door.script(...Array.from({ length: 40 }, () => ({ status: 424, message: 'a bug' })));
    await Promise.allSettled(Array.from({ length: 40 }, () => ask()));
    expect(runtime.resting()).toBe(true);
    // Twice as long would be more than this.
    await vi.waitFor(() => expect(runtime.resting()).toBe(false), { timeout: 2500 });
    expect(await ask()).toBe('well');
  });

  test('all tries together keep the deadline', async () => {
    await endpoint.close();
    const retries = { attempts: 1000, baseMs: 5, longestMs: 50, budget: 1000 };
    endpoint = await startWorld(container, { retries });
    endpoint.door.script(...Array.from({ length: 1000 }, () => 'throttled' as const));
    const failed = expect(ask({ deadlineMs: 250 })).rejects.toMatchObject({
      code: expect.stringMatching(/^inference\.(unavailable|timeout)$/),
    });
    expect(await took(failed)).toBeLessThan(1000);
    expect(endpoint.watch.retried.mock.calls.length).toBeGreaterThan(2);
  });

  test('retries are bounded by a budget of all calls', async () => {
    await endpoint.close();
    const retries = { attempts: 3, baseMs: 1, longestMs: 1, budget: 4 };
    const circuit = { failures: 1000, openMs: 1, longestMs: 1 };
    endpoint = await startWorld(container, { retries, circuit });
    endpoint.door.script(...Array.from({ length: 100 }, () => 'unavailable' as const));
    for (let call = 0; call < 6; call++) await expect(ask()).rejects.toThrow();
    expect(endpoint.watch.retried.mock.calls).toHaveLength(4);
    expect(endpoint.watch.called.mock.calls).toHaveLength(10);
  });
});

describe('a caller who leaves', () => {
  test('is let go at once, counts for nothing, and takes nobody along', async () => {
    const asked = vi.fn();
    container = () => {
      asked();
      return new Promise(() => {});
    };
    const leaving = new AbortController();
    const left = ask({ signal: leaving.signal });
    await expect.poll(() => asked.mock.calls.length).toBe(1);
    container = () => answer;
    const refused = expect(left).rejects.toMatchObject({ code: 'request.cancelled' });
    leaving.abort();
    expect(await took(refused)).toBeLessThan(1000);
    expect(await ask()).toBe('well');
    expect(endpoint.runtime.reason()).toBeNull();
  });

  test('between two tries is not asked for again', async () => {
    await endpoint.close();
    const retries = { attempts: 3, baseMs: 60_000, longestMs: 60_000, budget: 9 };
    // Before the runtime is made, which keeps the function: an unlucky draw would be no wait at all.
    const drawn = vi.spyOn(Math, 'random').mockReturnValue(0.5);
    onTestFinished(() => drawn.mockRestore());
    endpoint = await startWorld(container, { retries });
    endpoint.door.script('unavailable');
    const leaving = new AbortController();
    const left = ask({ signal: leaving.signal, deadlineMs: 100_000 });
    const refused = expect(left).rejects.toMatchObject({ code: 'request.cancelled' });
    await expect.poll(() => endpoint.watch.called.mock.calls.length).toBe(1);
    leaving.abort();
    expect(await took(refused)).toBeLessThan(1000);
    expect(endpoint.watch.called.mock.calls).toHaveLength(1);
    expect(endpoint.watch.retried).not.toHaveBeenCalled();
    expect(drawn).toHaveBeenCalled();
  });

  test('before the call is not asked for at all', async () => {
    await expect(ask({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'request.cancelled' });
    expect(endpoint.door.calls).toHaveLength(0);
  });
});

describe('closing', () => {
  test('ends calls that hang, and sends nothing afterwards', async () => {
    endpoint.door.script('hang', 'hang');
    const hanging = [ask(), ask()];
    const refused = Promise.all(
      hanging.map((call) =>
        expect(call).rejects.toMatchObject({
          code: 'inference.unavailable',
          message: 'The model is shutting down.',
        }),
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    endpoint.runtime.close();
    expect(await took(refused)).toBeLessThan(1000);
    await expect(ask()).rejects.toThrow('The model is shutting down.');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(endpoint.watch.retried).not.toHaveBeenCalled();
    expect(endpoint.door.calls).toHaveLength(0);
  });

  test('ends the wait between two tries', async () => {
    await endpoint.close();
    const retries = { attempts: 3, baseMs: 60_000, longestMs: 60_000, budget: 9 };
    endpoint = await startWorld(container, { retries });
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    endpoint.door.script('throttled');
    const refused = expect(ask({ deadlineMs: 100_000 })).rejects.toThrow('The model is shutting down.');
    await expect.poll(() => endpoint.watch.called.mock.calls.length).toBe(1);
    endpoint.runtime.close();
    expect(await took(refused)).toBeLessThan(1000);
    expect(endpoint.door.calls).toHaveLength(1);
    vi.restoreAllMocks();
  });
});

describe('sockets', () => {
  test('are kept: many calls, few connections; and as many calls at once as there are sockets', async () => {
    const relay = await startRelay(endpoint.door.url);
    vi.stubEnv('AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME', relay.url);
    const place = { endpoint: 'clip', variant: null, inferenceComponent: null, region: null };
    const runtime = createRuntime({ ...place, sockets: 4 });
    let busy = 0;
    let busiest = 0;
    container = async () => {
      busiest = Math.max(busiest, ++busy);
      await new Promise((resolve) => setTimeout(resolve, 20));
      busy -= 1;
      return answer;
    };
    for (let round = 0; round < 5; round++)
      await Promise.all(Array.from({ length: 8 }, () => ask({}, runtime)));
    expect(endpoint.door.calls).toHaveLength(40);
    expect(relay.connections()).toBe(4);
    expect(busiest).toBe(4);
    runtime.close();
    await relay.close();
  });

  test('one that was closed while it was idle costs a try, and no call', async () => {
    const relay = await startRelay(endpoint.door.url);
    vi.stubEnv('AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME', relay.url);
    const place = { endpoint: 'clip', variant: null, inferenceComponent: null, region: null };
    const runtime = createRuntime({ ...place, sockets: 1 });
    expect(await ask({}, runtime)).toBe('well');
    await relay.close();
    const again = await startRelay(endpoint.door.url, Number(new URL(relay.url).port));
    expect(await ask({}, runtime)).toBe('well');
    expect(again.connections()).toBe(1);
    runtime.close();
    await again.close();
  });
});
