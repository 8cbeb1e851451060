/** Pictures that share a call: what one meets is nothing to the others, and what passes is tried again without them. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ClipModel } from '../../../../src/application/ports-clip.ts';
import { type ClipContainer, clipContainer, plain } from './clip-container.ts';
import { type EndpointWorld, startWorld } from './endpoint-world.ts';

const full = { code: 'inference.overloaded', retry: true };
let world: ClipContainer;
let endpoint: EndpointWorld;
let model: ClipModel;

beforeEach(async () => {
  world = clipContainer();
  endpoint = await startWorld(world.container, {
    retries: { attempts: 3, baseMs: 10, longestMs: 400, budget: 50 },
  });
  model = await endpoint.open();
});
afterEach(() => endpoint.close());

const embed = (grey: number, signal?: AbortSignal) =>
  model.embed({ width: 16, height: 16, data: plain(grey, grey, grey) }, signal);
/** They go in one call, behind another. */
async function together(...greys: readonly number[]) {
  const first = embed(200);
  const results = await Promise.allSettled(greys.map((grey) => embed(grey)));
  await first;
  return results.map((result) => (result.status === 'fulfilled' ? 'ok' : (result.reason as Error).message));
}

test('one that is refused for good fails alone, and is not asked for again', async () => {
  world.refuse.set(2, { code: 'image.pixels_size', retry: false, times: 99 });
  expect(await together(1, 2, 3)).toEqual([
    'ok',
    'The endpoint refused with image.pixels_size; nothing was stored.',
    'ok',
  ]);
  expect(world.pictures).toEqual([1, 3]);
  expect(endpoint.watch.retried).not.toHaveBeenCalled();
});

test('one that there was no room for is asked for again, as often as a call would be, and counted', async () => {
  world.refuse.set(2, { code: 'inference.out_of_memory', retry: true, times: 1 });
  expect(await together(1, 2)).toEqual(['ok', 'ok']);
  expect(world.pictures).toEqual([1, 2, 1]);
  expect(endpoint.watch.retried.mock.calls).toEqual([['again']]);
  world.refuse.set(3, { ...full, times: 99 });
  await expect(embed(3)).rejects.toMatchObject({ code: 'inference.unavailable', retryAfter: 1 });
  expect(world.pictures).toEqual([1, 2, 1, 1, 1, 1]);
  expect(endpoint.watch.retried.mock.calls.slice(1)).toEqual([['later'], ['later']]);
});

test('the others have theirs before it is asked for again', async () => {
  world.refuse.set(2, { ...full, times: 1 });
  const first = embed(200);
  const slow = embed(2);
  await Promise.all([embed(1), embed(3), first]);
  expect(world.pictures).toEqual([1, 3]);
  await slow;
  expect(world.pictures).toEqual([1, 3, 1]);
});

test('a second call that fails takes none of the first along', async () => {
  world.refuse.set(2, { ...full, times: 1 });
  endpoint.door.script('none', 'none', { status: 424, message: 'a bug' });
  expect(await together(1, 2, 3)).toEqual(['ok', 'The model refused the call (424).', 'ok']);
});

test('a call that is refused as a whole fails its own pictures, and no later ones', async () => {
  const refusal = { error: { code: 'request.too_large', message: 'more than it takes', retry: false } };
  world.instead = (answer) => ((answer.images as unknown[]).length > 1 ? refusal : answer);
  const said = 'The endpoint refused with request.too_large; nothing was stored.';
  expect(await together(1, 2)).toEqual([said, said]);
  await embed(3);
});

test('waiting for room has an end in the deadline, and in the caller', async () => {
  model = await endpoint.open({ deadlineMs: 150 });
  world.refuse.set(2, { ...full, times: 99 });
  world.delayMs = 40;
  const started = performance.now();
  await expect(embed(2)).rejects.toMatchObject({ code: expect.stringMatching(/^inference\./) });
  expect(performance.now() - started).toBeLessThan(1000);
  model = await endpoint.open();
  const leaving = new AbortController();
  const left = embed(2, leaving.signal);
  const over = expect(left).rejects.toMatchObject({ code: 'request.cancelled' });
  await expect.poll(() => world.pictures.length).toBeGreaterThan(0);
  leaving.abort();
  await over;
});

test('retries for room are of the one budget that all calls share', async () => {
  await endpoint.close();
  endpoint = await startWorld(world.container, {
    retries: { attempts: 9, baseMs: 1, longestMs: 4, budget: 4 },
  });
  model = await endpoint.open();
  for (const grey of [2, 3, 4]) world.refuse.set(grey, { ...full, times: 99 });
  await Promise.allSettled([embed(2), embed(3), embed(4)]);
  const retries = endpoint.watch.retried.mock.calls.length;
  // Calls that were answered pay a tenth each back.
  expect(retries).toBeGreaterThanOrEqual(4);
  expect(retries).toBeLessThanOrEqual(5);
});
