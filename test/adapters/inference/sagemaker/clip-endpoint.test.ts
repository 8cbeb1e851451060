/** The client of a CLIP endpoint, through the AWS SDK and the front door, against a container that speaks the contract. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ClipEndpointOptions } from '../../../../src/adapters/inference/sagemaker/clip-endpoint.ts';
import type { ClipModel } from '../../../../src/application/ports-clip.ts';
import {
  type ClipContainer,
  clipContainer,
  fingerprintOf,
  pixelBytes,
  plain,
  vectorOf,
} from './clip-container.ts';
import { type EndpointWorld, startWorld } from './endpoint-world.ts';

const red = plain(255, 0, 0);
const green = plain(0, 255, 0);
const blue = plain(0, 0, 255);

let world: ClipContainer;
let endpoint: EndpointWorld;

async function at(container: ClipContainer): Promise<void> {
  world = container;
  endpoint = await startWorld(world.container);
}
beforeEach(() => at(clipContainer()));
afterEach(() => endpoint.close());
const open = (changes: Partial<ClipEndpointOptions> = {}) => endpoint.open(changes);
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
    await endpoint.close();
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
    await endpoint.close();
    await at(clipContainer({ limits: { body_bytes: pixelBytes - 1 } }));
    await expect(open()).rejects.toThrow('the endpoint’s limit of a body, 767');
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
    for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 6);
  });

  test('the whole picture arrives, not its first pixel', async () => {
    const picture = Uint8Array.from({ length: pixelBytes }, (_, at) => (at * 7 + (at >> 4)) % 256);
    const sums = [0, 0, 0];
    for (const [place, value] of picture.entries()) sums[place % 3]! += value;
    const vector = await embed(await open(), picture);
    close(vector, vectorOf(sums.map((sum) => sum / 256)));
    expect(vector[0]).not.toBeCloseTo(vectorOf([...picture.subarray(0, 3)])[0]!, 2);
  });

  test('as many calls as there are slots, and no more; then what gathered goes together', async () => {
    const model = await open({ slots: 3 });
    world.delayMs = 60;
    await Promise.all(Array.from({ length: 8 }, () => embed(model, red)));
    expect(world.pictures).toEqual([1, 1, 1, 5]);
    expect(world.busiest).toBe(3);
  });

  test('a call takes no more than the model’s batch, and no more than its payload', async () => {
    const byBatch = await open();
    await Promise.all(Array.from({ length: 18 }, () => embed(byBatch, red)));
    expect(world.pictures).toEqual([1, 8, 8, 1]);
    const byPayload = await open({ maxPayload: 3 * pixelBytes + 17 });
    world.pictures.length = 0;
    await Promise.all(Array.from({ length: 8 }, () => embed(byPayload, red)));
    expect(world.pictures).toEqual([1, 3, 3, 1]);
    await endpoint.close();
    await at(clipContainer({ limits: { body_bytes: 2 * pixelBytes } }));
    const byEndpoint = await open();
    await Promise.all(Array.from({ length: 4 }, () => embed(byEndpoint, red)));
    expect(world.pictures).toEqual([1, 2, 1]);
    expect(Math.max(...endpoint.door.calls.map(({ bytes }) => bytes))).toBe(2 * pixelBytes);
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
    await expect(left).rejects.toMatchObject({ code: 'request.cancelled' });
    expect(world.pictures).toEqual([]);
    close(await stays, vectorOf([0, 0, 255]));
    await first;
    // Nobody waited for it any more when the next call was made up.
    expect(world.pictures).toEqual([1, 1]);
  });

  test('a wrong number of vectors, or vectors of another length, are never used', async () => {
    const model = await open();
    world.instead = (answer) => ({ ...answer, images: [] });
    await expect(embed(model, red)).rejects.toThrow('0 images for the 1');
    world.instead = (answer) => ({ ...answer, images: [{ vector: 'AAAA' }] });
    await expect(embed(model, red)).rejects.toThrow('a vector of 3 bytes instead of 32');
    for (const values of [new Float32Array(8), new Float32Array(8).fill(1), new Float32Array(8).fill(NaN)]) {
      const vector = Buffer.from(values.buffer).toString('base64');
      world.instead = (answer) => ({ ...answer, images: [{ vector }] });
      await expect(embed(model, red)).rejects.toThrow(/a vector of length (0|2\.8\d*|NaN)/);
    }
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

  test('more than a call may weigh go in several, still in order', async () => {
    const model = await open({ maxPayload: 4 * pixelBytes });
    const colours = ['red', 'green', 'blue'] as const;
    const wanted = Array.from({ length: 50 }, (_, at) => `${colours[at % 3]} ${'wide '.repeat(20)}${at}`);
    const vectors = await model.texts.encode(wanted);
    const rgb = [red, green, blue].map((picture) => [...picture.subarray(0, 3)]);
    for (const [index, vector] of vectors.entries()) close(vector, vectorOf(rgb[index % 3]!));
    expect(vectors).toHaveLength(50);
    expect(world.texts.length).toBeGreaterThan(1);
    expect(world.texts.reduce((sum, count) => sum + count)).toBe(50);
    expect(Math.max(...endpoint.door.calls.map(({ bytes }) => bytes))).toBeLessThanOrEqual(4 * pixelBytes);
  });

  test('one that there was no room for is asked for again, alone; one that is refused ends it', async () => {
    const model = await open();
    world.refuse.set('a red dress', { code: 'inference.overloaded', retry: true, times: 1 });
    const [first, second] = await model.texts.encode(['a red dress', 'a blue one']);
    close(first!, vectorOf([255, 0, 0]));
    close(second!, vectorOf([0, 0, 255]));
    expect(world.texts).toEqual([2, 1]);
    expect(endpoint.watch.retried.mock.calls).toEqual([['later']]);
    world.refuse.set('a red dress', { code: 'text.too_long', retry: false, times: 99 });
    world.refuse.set('green', { code: 'inference.overloaded', retry: true, times: 99 });
    await expect(model.texts.encode(['green', 'a red dress'])).rejects.toThrow('text.too_long');
    expect(world.texts).toEqual([2, 1, 2]);
  });

  test('a caller who leaves ends the call', async () => {
    const model = await open();
    endpoint.door.script('hang');
    const leaving = new AbortController();
    const asked = model.texts.encode(['red'], leaving.signal);
    setTimeout(() => leaving.abort(), 30);
    await expect(asked).rejects.toMatchObject({ code: 'request.cancelled' });
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
    const calls = endpoint.door.calls.length;
    await expect(embed(model, red)).rejects.toThrow('another model');
    expect(endpoint.door.calls.length).toBe(calls);
    expect((await open()).card.id).toBe('model-second');
  });

  test('an answer that names another model is refused too, whatever it was asked', async () => {
    const onChanged = vi.fn();
    const model = await open({ onChanged });
    world.instead = (answer) => ({ ...answer, fingerprint: fingerprintOf('second') });
    await expect(embed(model, red)).rejects.toMatchObject({ code: 'inference.unavailable' });
    expect(onChanged).toHaveBeenCalledTimes(1);
    const ofTexts = vi.fn();
    world.instead = null;
    const other = await open({ onChanged: ofTexts });
    world.instead = (answer) => ({ ...answer, fingerprint: fingerprintOf('second') });
    await expect(other.texts.encode(['red'])).rejects.toThrow('another model');
    expect(ofTexts).toHaveBeenCalledTimes(1);
  });

  test('it changes while calls are under way: those of the old one still count, the others are refused', async () => {
    const onChanged = vi.fn();
    const model = await open({ slots: 2, onChanged });
    let calls = 0;
    world.instead = (answer) => {
      calls += 1;
      return calls === 1 ? answer : { ...answer, fingerprint: fingerprintOf('second') };
    };
    world.delayMs = 60;
    const results = await Promise.allSettled([red, green, blue].map((picture) => embed(model, picture)));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(onChanged).toHaveBeenCalledTimes(1);
  });
});

test('closed: what waits is refused at once, what is under way still arrives, and nothing is sent later', async () => {
  const model = await open();
  world.delayMs = 200;
  const working = embed(model, red);
  const waiting = embed(model, green);
  const refused = expect(waiting).rejects.toMatchObject({ code: 'inference.unavailable' });
  await model.close();
  await refused;
  expect(world.pictures).toEqual([]);
  close(await working, vectorOf([255, 0, 0]));
  await expect(embed(model, blue)).rejects.toMatchObject({ code: 'inference.unavailable' });
  expect(world.pictures).toEqual([1]);
});
