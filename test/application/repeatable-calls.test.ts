import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../src/adapters/store/memory.ts';
import { contentOf, createAskOnce } from '../../src/application/repeatable-calls.ts';
import { createTagProduct } from '../../src/application/tag-product.ts';
import type { RepeatableCall, TagRequest } from '../../src/application/tag-request.ts';
import { HangtagError } from '../../src/domain/errors.ts';
import { tagSetOf, writeOf } from '../contracts/sample-tags.ts';

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const never = new AbortController().signal;

function requestOf(changes: Partial<TagRequest> = {}): TagRequest {
  return {
    productId: 'sku',
    images: [{ content: new Uint8Array([1]), view: null, variant: null, ref: null }],
    category: null,
    title: null,
    attributes: null,
    explain: false,
    store: true,
    ...changes,
  };
}

/** Tagging that writes a title counting its runs, when it is let. */
function world() {
  const store = createMemoryStore({ clock: () => '2026-11-23T09:00:00.000Z' });
  const runs: ((fault?: unknown) => void)[] = [];
  const tag = createTagProduct({
    store,
    hash,
    askOnce: createAskOnce({ store }),
    async runTagging({ productId }, { sequence, call }) {
      const title = String(runs.length + 1);
      await new Promise<void>((resolve, reject) => {
        runs.push((fault) => (fault ? reject(fault) : resolve()));
      });
      const input = sequence === null ? null : { sequence, attributes: null };
      return store.saveTags(
        writeOf(
          productId,
          {},
          { input, call, decide: () => ({ tagSet: tagSetOf(productId, { title }), revise: true }) },
        ),
      );
    },
  });
  const call: RepeatableCall = { scope: 'shop', key: 'k', answer: '' };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { store, runs, tag, call, settle };
}

describe('a repeated call', () => {
  test('in flight: the second waits for the first and gets its answer', async () => {
    const { runs, tag, call, settle } = world();
    const both = [tag(requestOf(), never, call), tag(requestOf(), never, call)];
    await settle();
    expect(runs).toHaveLength(1);
    runs[0]!();
    const [first, second] = await Promise.all(both);
    expect(second).toEqual(first);
    expect(await tag(requestOf(), never, call)).toEqual(first);
    expect(runs).toHaveLength(1);
  });

  test('whose first failed is worked anew', async () => {
    const { runs, tag, call, settle } = world();
    const first = tag(requestOf(), never, call);
    const second = tag(requestOf(), never, call);
    await settle();
    runs[0]!(new HangtagError('inference.timeout', 'late'));
    await expect(first).rejects.toMatchObject({ code: 'inference.timeout' });
    await settle();
    runs[1]!();
    expect((await second).title).toBe('2');
  });

  test('that is given up stops waiting, and the first goes on', async () => {
    const { runs, tag, call, settle } = world();
    const first = tag(requestOf(), never, call);
    const gone = new AbortController();
    const second = tag(requestOf(), gone.signal, call);
    await settle();
    gone.abort(new HangtagError('request.cancelled', 'gone'));
    await expect(second).rejects.toMatchObject({ code: 'request.cancelled' });
    runs[0]!();
    expect((await first).title).toBe('1');
  });

  test('with other content is a conflict, in flight and later', async () => {
    const { runs, tag, call, settle } = world();
    const first = tag(requestOf(), never, call);
    await settle();
    const other = requestOf({ title: 'other' });
    await expect(tag(other, never, call)).rejects.toMatchObject({ code: 'idempotency.conflict' });
    runs[0]!();
    await first;
    await expect(tag(other, never, call)).rejects.toMatchObject({ code: 'idempotency.conflict' });
    await expect(tag(requestOf(), never, { ...call, answer: 'x' })).rejects.toMatchObject({
      code: 'idempotency.conflict',
    });
    expect(runs).toHaveLength(1);
  });

  test('of somebody else, or under another key, is another call', async () => {
    const { runs, tag, call, settle } = world();
    const calls = [call, { ...call, scope: 'other' }, { ...call, key: 'l' }, null, null];
    const all = calls.map((one) => tag(requestOf(), never, one));
    await settle();
    expect(runs).toHaveLength(5);
    for (const run of runs) run();
    await Promise.all(all);
  });
});

test('content: pictures by their bytes, words, options; nothing else', () => {
  const same = contentOf(requestOf(), '', hash);
  expect(
    contentOf(
      requestOf({ images: [{ content: Buffer.from([1]), view: null, variant: null, ref: null }] }),
      '',
      hash,
    ),
  ).toBe(same);
  const words = { view: null, variant: null, ref: null };
  const fault = new HangtagError('image.too_large', 'huge');
  for (const other of [
    requestOf({ productId: 'x' }),
    requestOf({ title: 'x' }),
    requestOf({ category: 'dress' }),
    requestOf({ attributes: ['color'] }),
    requestOf({ explain: true }),
    requestOf({ images: [{ content: new Uint8Array([2]), ...words }] }),
    requestOf({ images: [{ content: new Uint8Array([1]), ...words, view: 'front' }] }),
    requestOf({ images: [{ content: fault, ...words }] }),
  ]) {
    expect(contentOf(other, '', hash)).not.toBe(same);
  }
});
