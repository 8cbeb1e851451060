import { describe, expect, test } from 'vitest';
import { createCircuit } from '../../../../src/adapters/inference/sagemaker/circuit.ts';
import { judge } from '../../../../src/adapters/inference/sagemaker/faults.ts';
import { createRetrying, usualRetries } from '../../../../src/adapters/inference/sagemaker/retries.ts';
import { HangtagError } from '../../../../src/domain/errors.ts';

const sdk = (name: string, status: number, more: object = {}) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode: status }, ...more });
const model = (OriginalStatusCode: number, OriginalMessage = '') =>
  sdk('ModelError', 424, { OriginalStatusCode, OriginalMessage });
const network = (code: string) => Object.assign(new Error(code), { code });
const cut = Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' });

describe('faults of the endpoint', () => {
  test.each([
    ['a full queue', model(503), 'later', 'inference.unavailable'],
    ['a dead worker', model(500), 'again', 'inference.unavailable'],
    ['memory of the device', model(507), 'again', 'inference.unavailable'],
    [
      'a restarting worker',
      model(400, 'Backend Python process is stopped.'),
      'again',
      'inference.unavailable',
    ],
    ['a refused call', model(400, 'bad json'), 'never', 'inference.unavailable'],
    ['an exception in the handler', model(424), 'never', 'inference.unavailable'],
    ['60 seconds without an answer', model(0), 'never', 'inference.unavailable'],
    ['no route', sdk('ServiceUnavailable', 503), 'again', 'inference.unavailable'],
    ['a fault of AWS', sdk('InternalFailure', 500), 'again', 'inference.unavailable'],
    ['a dependency of AWS', sdk('InternalDependencyException', 530), 'again', 'inference.unavailable'],
    ['a loading model', sdk('ModelNotReadyException', 429), 'later', 'inference.unavailable'],
    ['throttling', sdk('ThrottlingException', 400), 'later', 'inference.unavailable'],
    [
      'no endpoint',
      sdk('ValidationError', 400, { message: 'Endpoint x of account 1 not found.' }),
      'never',
      'inference.unavailable',
    ],
    [
      'an endpoint at zero',
      sdk('ValidationError', 400, {
        message: 'Inference Component has no capacity to process this request.',
      }),
      'never',
      'inference.unavailable',
    ],
    ['expired credentials', sdk('ExpiredTokenException', 403), 'never', 'inference.unavailable'],
    ['denied access', sdk('AccessDeniedException', 403), 'never', 'inference.unavailable'],
    ['too large a body', sdk('SyntaxError', 413), 'never', 'inference.unavailable'],
    ['a cut connection', cut, 'again', 'inference.unavailable'],
    ['a refused connection', network('ECONNREFUSED'), 'again', 'inference.unavailable'],
    ['an unknown host', network('ENOTFOUND'), 'again', 'inference.unavailable'],
    ['an abort by the deadline', sdk('AbortError', 0), 'never', 'inference.timeout'],
  ])('%s', (name, error, chance, code) => {
    const verdict = judge(error);
    expect([verdict.chance, verdict.error.code]).toEqual([chance, code]);
    expect(verdict.error.cause).toBe(error);
    expect(verdict.error.retryAfter).toBeGreaterThan(0);
    if (name === 'an endpoint at zero') expect(verdict.error.message).toBe('The endpoint is scaled to zero.');
  });
});

function world(random = 1) {
  let time = 0;
  const slept: number[] = [];
  const retrying = createRetrying(usualRetries, {
    now: () => time,
    random: () => random,
    sleep: async (ms) => {
      slept.push(ms);
      time += ms;
    },
    judge,
  });
  return { retrying, slept, at: () => time };
}
const never = new AbortController().signal;

describe('trying again', () => {
  test('waits grow, and a success ends it', async () => {
    const { retrying, slept } = world();
    const faults = [model(500), model(500), model(500)];
    const call = async () => {
      const fault = faults.shift();
      if (fault) throw fault;
      return 'done';
    };
    expect(await retrying.run(call, 60_000, never)).toBe('done');
    expect(slept).toEqual([50, 100, 200]);
  });

  test('an endpoint that asks for room is left alone for longer', async () => {
    const { retrying, slept } = world();
    await expect(retrying.run(() => Promise.reject(model(503)), 60_000, never)).rejects.toMatchObject({
      code: 'inference.unavailable',
    });
    expect(slept).toEqual([500, 1000, 2000]);
  });

  test('not what cannot help, not past the deadline, not for a caller who went away', async () => {
    const { retrying, slept } = world();
    await expect(retrying.run(() => Promise.reject(model(424)), 60_000, never)).rejects.toThrow();
    await expect(retrying.run(() => Promise.reject(model(500)), 40, never)).rejects.toThrow();
    await expect(
      retrying.run(() => Promise.reject(model(500)), 60_000, AbortSignal.abort()),
    ).rejects.toThrow();
    expect(slept).toEqual([]);
  });

  test('all calls share one budget', async () => {
    const { retrying, slept } = world(0);
    for (let n = 0; n < 100; n++)
      await retrying.run(() => Promise.reject(model(500)), 60_000, never).catch(() => {});
    expect(slept).toHaveLength(usualRetries.budget);
  });
});

describe('the circuit', () => {
  const options = { failures: 3, openMs: 1000, longestMs: 4000 };
  const fail = () => Promise.reject(new HangtagError('inference.unavailable', 'x'));

  test('opens, answers at once, probes with one call, and closes again', async () => {
    let time = 0;
    const states: string[] = [];
    const circuit = createCircuit(
      options,
      () => time,
      (state) => states.push(state),
    );
    for (let n = 0; n < 3; n++) await circuit.run(fail).catch(() => {});
    expect(circuit.state()).toBe('open');
    let calls = 0;
    const call = async () => ++calls;
    await expect(circuit.run(call)).rejects.toMatchObject({ code: 'inference.unavailable', retryAfter: 1 });
    expect(calls).toBe(0);
    time = 1000;
    let release = () => {};
    const probe = circuit.run(
      () =>
        new Promise<void>((resolve) => {
          release = resolve;
        }),
    );
    await expect(circuit.run(call)).rejects.toMatchObject({ code: 'inference.unavailable' });
    release();
    await probe;
    await circuit.run(call);
    expect([circuit.state(), calls]).toEqual(['closed', 1]);
    expect(states).toEqual(['open', 'half-open', 'closed']);
  });

  test('a failed probe keeps it open for longer, up to a limit', async () => {
    let time = 0;
    const circuit = createCircuit(options, () => time);
    for (let n = 0; n < 3; n++) await circuit.run(fail).catch(() => {});
    for (const wait of [1000, 2000, 4000, 4000]) {
      time += wait - 1;
      expect(circuit.state()).toBe('open');
      time += 1;
      expect(circuit.state()).toBe('half-open');
      await circuit.run(fail).catch(() => {});
    }
  });

  test('a success in between starts the count anew; a caller who left does not count', async () => {
    const circuit = createCircuit(options, () => 0);
    for (let n = 0; n < 10; n++) {
      await circuit.run(fail).catch(() => {});
      await circuit.run(fail).catch(() => {});
      await circuit.run(async () => {});
    }
    const gone = () => Promise.reject(new HangtagError('request.cancelled', 'x'));
    for (let n = 0; n < 10; n++) await circuit.run(gone).catch(() => {});
    expect(circuit.state()).toBe('closed');
  });
});
