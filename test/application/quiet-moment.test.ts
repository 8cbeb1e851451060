import { expect, test } from 'vitest';
import { createLiveRequests } from '../../src/application/quiet-moment.ts';
import type { TagRequest } from '../../src/application/tag-request.ts';
import { tagSetOf } from '../contracts/sample-tags.ts';

const request = { productId: 'sku' } as TagRequest;
const { signal } = new AbortController();

test('a moment is quiet when no caller waits, whether they were answered or refused', async () => {
  const live = createLiveRequests({ most: 5_000, every: 5 });
  const ends: ((error?: Error) => void)[] = [];
  const tag = live.counted(
    ({ productId }) =>
      new Promise((resolve, reject) =>
        ends.push((error) => (error ? reject(error) : resolve(tagSetOf(productId)))),
      ),
  );
  await live.quiet();
  const calls = [tag(request, signal), tag(request, signal)];
  const settled = Promise.allSettled(calls);
  let quiet = false;
  const moment = live.quiet().then(() => {
    quiet = true;
  });
  ends[0]!();
  await calls[0];
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect([live.busy(), quiet]).toEqual([true, false]);
  ends[1]!(new Error('refused'));
  await settled;
  await moment;
  expect(live.busy()).toBe(false);
});

test('bulk work is slow while there is no quiet moment, and does not stand still', async () => {
  const live = createLiveRequests({ most: 40, every: 5 });
  void live.counted(() => new Promise(() => {}))(request, signal);
  const began = performance.now();
  await live.quiet();
  expect(performance.now() - began).toBeGreaterThanOrEqual(39);
});
