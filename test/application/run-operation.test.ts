import { describe, expect, test } from 'vitest';
import { createMemoryOperations } from '../../src/adapters/store/memory-operations.ts';
import { createRunOperation, type ModelPresence, maxAttempts } from '../../src/application/run-operation.ts';
import { HangtagError } from '../../src/domain/errors.ts';
import { tagSetOf } from '../contracts/sample-tags.ts';
import { taggingOf } from '../contracts/work.contract.ts';

const there: ModelPresence = { away: () => null, resting: () => false };

function world(behave: () => unknown, model = there) {
  const held: (number | undefined)[] = [];
  const operations = createMemoryOperations({
    clock: () => 'now',
    enqueue: (_, afterSeconds) => {
      if (afterSeconds !== undefined) held.push(afterSeconds);
    },
  });
  const ran: (number | null)[] = [];
  const unexpected: unknown[] = [];
  const run = createRunOperation({
    operations,
    timeoutMs: 1000,
    model,
    patience: { wait: 0.25, hold: 15 },
    onUnexpected: (error) => unexpected.push(error),
    async runTagging(request, { sequence }) {
      ran.push(sequence);
      await behave();
      return tagSetOf(request.productId, { revision: 3 });
    },
    async ingestEvent() {
      throw new Error('this work is no event');
    },
  });
  const tagging = taggingOf('sku');
  const { operationId } = tagging;
  return { operations, ran, unexpected, run, tagging, operationId, held };
}

describe('a piece of accepted work', () => {
  test('is done in its own place among the inputs, and once only', async () => {
    const { operations, ran, run, tagging, operationId } = world(() => {});
    await operations.accept(tagging);
    await run(operationId);
    await run(operationId);
    expect(ran).toEqual([7]);
    expect(await operations.find(operationId)).toMatchObject({ state: 'done', revision: 3, attempts: 1 });
  });

  test('that the caller got wrong fails at once', async () => {
    const { operations, run, tagging, operationId, unexpected } = world(() => {
      throw new HangtagError('image.unreadable', 'torn');
    });
    await operations.accept(tagging);
    await run(operationId);
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
      await expect(run(operationId)).rejects.toMatchObject({ code: 'inference.unavailable' });
      expect(await operations.find(operationId)).toMatchObject({ state: 'queued', attempts: attempt });
    }
    await run(operationId);
    expect(await operations.find(operationId)).toMatchObject({ state: 'failed', attempts: maxAttempts });
    expect(ran).toHaveLength(maxAttempts);
  });

  test('is held while the model is away, however long, and costs no attempt', async () => {
    const model = { away: () => 'The endpoint hangtag-clip is not there.', resting: () => true };
    const { operations, ran, run, tagging, operationId, held } = world(() => {}, model);
    await operations.accept(tagging);
    const turns = maxAttempts + 3;
    await Promise.all(Array.from({ length: turns }, () => run(operationId)));
    expect(ran).toEqual([]);
    expect(held).toEqual(Array.from({ length: turns }, () => 15));
    const standing = await operations.find(operationId);
    expect(standing).toMatchObject({ state: 'queued', attempts: 0 });
    expect(standing?.error).toEqual({
      code: 'inference.unavailable',
      detail: 'Held until the model answers: The endpoint hangtag-clip is not there.',
    });
  }, 20_000);

  test('is begun as soon as the model is back', async () => {
    let resting = true;
    const model = { away: () => (resting ? 'away' : null), resting: () => resting };
    const { operations, run, tagging, operationId, held } = world(() => {}, model);
    await operations.accept(tagging);
    setTimeout(() => {
      resting = false;
    }, 100);
    await run(operationId);
    expect(held).toEqual([]);
    expect(await operations.find(operationId)).toMatchObject({ state: 'done', attempts: 1 });
  });

  test('that finds out that the model is gone is held; what the store lacks is put off', async () => {
    let fault = new HangtagError('inference.unavailable', 'gone');
    const model = { away: () => 'gone', resting: () => false };
    const { operations, run, tagging, operationId, held } = world(() => {
      throw fault;
    }, model);
    await operations.accept(tagging);
    await run(operationId);
    expect(held).toEqual([15]);
    expect(await operations.find(operationId)).toMatchObject({ state: 'queued', attempts: 0 });
    fault = new HangtagError('store.unavailable', 'no store');
    await expect(run(operationId)).rejects.toThrow('no store');
    expect(await operations.find(operationId)).toMatchObject({ state: 'queued', attempts: 1 });
  });

  test('a bug is told of, and its words go to nobody', async () => {
    const { operations, run, tagging, operationId, unexpected } = world(() => {
      throw new TypeError('a secret');
    });
    await operations.accept(tagging);
    await expect(run(operationId)).rejects.toThrow('a secret');
    expect(unexpected).toHaveLength(1);
    expect(JSON.stringify(await operations.find(operationId))).not.toContain('secret');
  });

  test('that takes the process down with it every time ends as well', async () => {
    const { operations, ran, run, tagging, operationId } = world(() => {});
    await operations.accept(tagging);
    for (let attempt = 0; attempt < maxAttempts; attempt++) await operations.begin(operationId);
    await run(operationId);
    expect(ran).toEqual([]);
    expect(await operations.find(operationId)).toMatchObject({ state: 'failed' });
  });

  test('whose product was deleted is nothing', async () => {
    const { ran, run } = world(() => {});
    await run('b3c7dbb6-3d5c-4f8a-9f0a-111111111111');
    expect(ran).toEqual([]);
  });
});
