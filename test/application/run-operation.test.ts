import { describe, expect, test } from 'vitest';
import { createMemoryOperations } from '../../src/adapters/store/memory-operations.ts';
import { createRunOperation, maxAttempts } from '../../src/application/run-operation.ts';
import { HangtagError } from '../../src/domain/errors.ts';
import { tagSetOf } from '../contracts/sample-tags.ts';
import { taggingOf } from '../contracts/work.contract.ts';

function world(behave: () => unknown) {
  const operations = createMemoryOperations({ clock: () => 'now', enqueue: () => {} });
  const ran: (number | null)[] = [];
  const unexpected: unknown[] = [];
  const run = createRunOperation({
    operations,
    timeoutMs: 1000,
    onUnexpected: (error) => unexpected.push(error),
    async runTagging(request, { sequence }) {
      ran.push(sequence);
      await behave();
      return tagSetOf(request.productId, { revision: 3 });
    },
  });
  const tagging = taggingOf('sku');
  const { operationId } = tagging;
  return { operations, ran, unexpected, run, tagging, operationId };
}

describe('a piece of accepted work', () => {
  test('is done in its own place among the inputs, and once only', async () => {
    const { operations, ran, run, tagging, operationId } = world(() => {});
    await operations.accept(tagging);
    await run({ operationId });
    await run({ operationId });
    expect(ran).toEqual([7]);
    expect(await operations.find(operationId)).toMatchObject({ state: 'done', revision: 3, attempts: 1 });
  });

  test('that the caller got wrong fails at once', async () => {
    const { operations, run, tagging, operationId, unexpected } = world(() => {
      throw new HangtagError('image.unreadable', 'torn');
    });
    await operations.accept(tagging);
    await run({ operationId });
    expect(await operations.find(operationId)).toMatchObject({
      state: 'failed',
      error: { code: 'image.unreadable', detail: 'torn' },
    });
    expect(unexpected).toEqual([]);
  });

  test('that may pass is put off, and given up in the end', async () => {
    const { operations, ran, run, tagging, operationId } = world(() => {
      throw new HangtagError('inference.unavailable', 'away');
    });
    await operations.accept(tagging);
    for (let attempt = 1; attempt < maxAttempts; attempt++) {
      await expect(run({ operationId })).rejects.toMatchObject({ code: 'inference.unavailable' });
      expect(await operations.find(operationId)).toMatchObject({ state: 'queued', attempts: attempt });
    }
    await run({ operationId });
    expect(await operations.find(operationId)).toMatchObject({ state: 'failed', attempts: maxAttempts });
    expect(ran).toHaveLength(maxAttempts);
  });

  test('a bug is told of, and its words go to nobody', async () => {
    const { operations, run, tagging, operationId, unexpected } = world(() => {
      throw new TypeError('a secret');
    });
    await operations.accept(tagging);
    await expect(run({ operationId })).rejects.toThrow('a secret');
    expect(unexpected).toHaveLength(1);
    expect(JSON.stringify(await operations.find(operationId))).not.toContain('secret');
  });

  test('that takes the process down with it every time ends as well', async () => {
    const { operations, ran, run, tagging, operationId } = world(() => {});
    await operations.accept(tagging);
    for (let attempt = 0; attempt < maxAttempts; attempt++) await operations.begin(operationId);
    await run({ operationId });
    expect(ran).toEqual([]);
    expect(await operations.find(operationId)).toMatchObject({ state: 'failed' });
  });

  test('whose product was deleted is nothing', async () => {
    const { ran, run } = world(() => {});
    await run({ operationId: 'b3c7dbb6-3d5c-4f8a-9f0a-111111111111' });
    expect(ran).toEqual([]);
  });
});
