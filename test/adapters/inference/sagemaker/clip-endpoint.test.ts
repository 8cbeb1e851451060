/** The client of a CLIP endpoint, through the AWS SDK and the front door, against a container that speaks the contract. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type ClipEndpointOptions,
  openClipEndpoint,
} from '../../../../src/adapters/inference/sagemaker/clip-endpoint.ts';
import { createRuntime, type Runtime } from '../../../../src/adapters/inference/sagemaker/runtime.ts';
import type { ClipModel } from '../../../../src/application/ports-clip.ts';
import { type Door, startDoor } from '../../../rings/sagemaker-door.ts';
import {
  type ClipContainer,
  clipContainer,
  fingerprintOf,
  pixelBytes,
  plain,
  vectorOf,
} from './clip-container.ts';

const credentials = { accessKeyId: 'AKIDSTANDIN', secretAccessKey: 'a-secret', region: 'eu-test-1' };
const red = plain(255, 0, 0);
const green = plain(0, 255, 0);
const blue = plain(0, 0, 255);

let world: ClipContainer;
let door: Door;
let runtime: Runtime;
const opened: ClipModel[] = [];

async function at(container: ClipContainer): Promise<void> {
  world = container;
  door = await startDoor({ containers: { clip: world.container }, credentials });
  for (const [name, value] of Object.entries(door.environment)) vi.stubEnv(name, value || undefined);
  runtime = createRuntime({
    endpoint: 'clip',
    variant: null,
    inferenceComponent: null,
    region: null,
    sockets: 8,
  });
}
beforeEach(() => at(clipContainer()));
afterEach(async () => {
  for (const model of opened.splice(0)) await model.close();
  runtime.close();
  await door.close();
  vi.unstubAllEnvs();
});

async function open(changes: Partial<ClipEndpointOptions> = {}): Promise<ClipModel> {
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
}
const embed = (model: ClipModel, data: Uint8Array, signal?: AbortSignal) =>
  model.embed({ width: 16, height: 16, data }, signal);
const close = (a: Float32Array, b: Float32Array) =>
  expect(a.reduce((sum, value, index) => sum + value * b[index]!, 0)).toBeGreaterThan(0.99999);

describe('what the endpoint is', () => {
  test('its card, scale and preparation come from its own words', async () => {
    const model = await open({ license: (name) => (name === 'model-first' ? 'MIT' : null) });
    expect(model.card).toEqual({
      backend: 'sagemaker',
      id: 'model-first',
      fingerprint: fingerprintOf('first').slice(7, 19),
      license: 'MIT',
      dim: 8,
      input: { size: 16, fit: 'squash', kernel: 'cubic' },
      refuses: [],
    });
    expect([model.scale, model.family, model.texts.maxTexts]).toEqual([50, 'clip', 100]);
  });

  test.each([
    ['a kernel', { kernel: 'hamming' }, 'the kernel hamming'],
    ['an order', { order: ['resize', 'orient'] }, 'the order resize, orient'],
    ['a background', { background: [0, 0, 0] }, 'the background 0, 0, 0'],
  ])('%s that pictures cannot be prepared with is refused, by name', async (_, preprocessing, named) => {
    runtime.close();
    await door.close();
    await at(clipContainer({ preprocessing }));
    await expect(open()).rejects.toThrow(named);
  });

  test('nothing but the contract is believed', async () => {
    for (const [answer, said] of [
      ['<html>', 'something other than JSON'],
      [{ task: 'describe' }, 'contract'],
      [{ hello: 'world' }, 'does not speak the contract'],
    ] as const) {
      world.instead = () => answer;
      await expect(open()).rejects.toMatchObject({
        code: 'inference.unavailable',
        message: expect.stringContaining(said),
      });
    }
  });

  test('a picture larger than a call may be is told of at once, with the setting', async () => {
    await expect(open({ maxPayload: pixelBytes - 1 })).rejects.toThrow('SAGEMAKER_MAX_PAYLOAD');
  });
});

describe('pictures', () => {
  test('each gets its own vector, in whatever batch it went', async () => {
    const model = await open();
    const wanted = [red, green, blue, green, red, blue, red];
    const vectors = await Promise.all(wanted.map((picture) => embed(model, picture)));
    for (const [index, vector] of vectors.entries())
      close(vector, vectorOf([...wanted[index]!.subarray(0, 3)]));
    // The first goes at once, the others while it is under way: together.
    expect(world.pictures).toEqual([1, 6]);
  });

  test('a call takes no more than the model’s batch, and no more than its payload', async () => {
    const byBatch = await open();
    await Promise.all(Array.from({ length: 18 }, () => embed(byBatch, red)));
    expect(world.pictures).toEqual([1, 8, 8, 1]);
    const byPayload = await open({ maxPayload: 3 * pixelBytes + 17 });
    world.pictures.length = 0;
    await Promise.all(Array.from({ length: 8 }, () => embed(byPayload, red)));
    expect(world.pictures).toEqual([1, 3, 3, 1]);
    expect(Math.max(...door.calls.map(({ bytes }) => bytes))).toBe(8 * pixelBytes);
  });

  test('one that the endpoint refuses fails alone', async () => {
    world.refuse.set(1, { code: 'image.unreadable', retry: false, times: 99 });
    const model = await open();
    const all = [red, plain(1, 1, 1), green, blue];
    const results = await Promise.allSettled(all.map((picture) => embed(model, picture)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect((results[1] as PromiseRejectedResult).reason).toMatchObject({
      code: 'inference.unavailable',
      message: expect.stringContaining('image.unreadable'),
    });
  });

  test('one that it had no room for is asked for again, alone, and not for ever', async () => {
    world.refuse.set(2, { code: 'inference.out_of_memory', retry: true, times: 1 });
    world.refuse.set(3, { code: 'inference.overloaded', retry: true, times: 99 });
    const model = await open();
    const first = embed(model, red);
    const [again, never] = await Promise.allSettled([
      embed(model, plain(2, 2, 2)),
      embed(model, plain(3, 3, 3)),
    ]);
    await first;
    expect([again.status, never.status]).toEqual(['fulfilled', 'rejected']);
    expect(world.pictures).toEqual([1, 2, 2, 1]);
  });

  test('a repetition that fails takes along none that was answered before', async () => {
    world.refuse.set(2, { code: 'inference.overloaded', retry: true, times: 1 });
    const model = await open();
    const first = embed(model, red);
    const both = Promise.allSettled([embed(model, green), embed(model, plain(2, 2, 2))]);
    await first;
    // The batch of two goes through, the repetition does not.
    door.script('none', { status: 424, message: 'a bug' });
    const [neighbour, repeated] = await both;
    expect([neighbour.status, repeated.status]).toEqual(['fulfilled', 'rejected']);
  });

  test('a deadline ends the waiting, and the next picture is well', async () => {
    const model = await open({ deadlineMs: 300 });
    world.delayMs = 2000;
    const started = performance.now();
    await expect(embed(model, red)).rejects.toMatchObject({ code: 'inference.timeout' });
    expect(performance.now() - started).toBeLessThan(1500);
    world.delayMs = 0;
    close(await embed(model, green), vectorOf([0, 255, 0]));
  });

  test('a caller who goes away waits no longer, and takes nobody along', async () => {
    const model = await open();
    world.delayMs = 200;
    const leaving = new AbortController();
    const first = embed(model, red);
    const left = embed(model, green, leaving.signal);
    const stays = embed(model, blue);
    leaving.abort();
    await expect(left).rejects.toBeDefined();
    close(await stays, vectorOf([0, 0, 255]));
    await first;
  });

  test('a wrong number of vectors, or vectors of another length, are never used', async () => {
    const model = await open();
    world.instead = (answer) => ({ ...answer, images: [] });
    await expect(embed(model, red)).rejects.toThrow('0 images for the 1');
    world.instead = (answer) => ({ ...answer, images: [{ vector: 'AAAA' }] });
    await expect(embed(model, red)).rejects.toThrow('a vector of 3 bytes instead of 32');
  });
});

describe('texts', () => {
  test('in order, many in one call', async () => {
    const model = await open();
    const [first, second] = await model.texts.encode(['a red dress', 'a blue one']);
    close(first!, vectorOf([255, 0, 0]));
    close(second!, vectorOf([0, 0, 255]));
    expect(world.texts).toEqual([2]);
  });
});

describe('another model behind the same name', () => {
  test('the endpoint says so: nothing is mixed, the owner is told once, and everything is refused from then on', async () => {
    const onChanged = vi.fn();
    const model = await open({ onChanged });
    close(await embed(model, red), vectorOf([255, 0, 0]));
    world.served = 'second';
    const results = await Promise.allSettled([
      embed(model, red),
      embed(model, green),
      model.texts.encode(['red']),
    ]);
    for (const result of results)
      expect((result as PromiseRejectedResult).reason).toMatchObject({ code: 'inference.unavailable' });
    expect(onChanged).toHaveBeenCalledTimes(1);
    const calls = door.calls.length;
    await expect(embed(model, red)).rejects.toThrow('another model');
    expect(door.calls.length).toBe(calls);
    expect((await open()).card.id).toBe('model-second');
  });

  test('an answer that names another model is refused too, whatever it was asked', async () => {
    const onChanged = vi.fn();
    const model = await open({ onChanged });
    world.instead = (answer) => ({ ...answer, fingerprint: fingerprintOf('second') });
    await expect(embed(model, red)).rejects.toMatchObject({ code: 'inference.unavailable' });
    expect(onChanged).toHaveBeenCalledTimes(1);
  });
});

test('closed: what waits is refused, and nothing hangs', async () => {
  const model = await open();
  world.delayMs = 300;
  const working = embed(model, red);
  const waiting = embed(model, green);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await model.close();
  const settled = await Promise.allSettled([working, waiting]);
  expect(settled[1].status).toBe('rejected');
  await expect(embed(model, blue)).rejects.toBeDefined();
});
