/** What every store does with the order of inputs and with calls that may be repeated. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Store, TagWrite } from '../../src/application/ports.ts';
import type { Admitted } from '../../src/domain/tagging/input-order.ts';
import { sha256, tagSetOf, writeOf } from './sample-tags.ts';

export function acceptingContract(name: string, open: () => Promise<Store>): void {
  describe(`accepting: ${name}`, () => {
    let store: Store;
    const fresh = () => `sku-${randomUUID()}`;
    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store?.close());

    /** Writes as the use-case does: nothing where it is not admitted. Gives what it was admitted to. */
    async function write(id: string, title: string, rest: Partial<TagWrite>) {
      const seen: (Admitted | null)[] = [];
      const answer = await store.saveTags(
        writeOf(
          id,
          {},
          {
            ...rest,
            decide: (_, admitted) => {
              seen.push(admitted);
              return rest.input && !admitted ? null : { tagSet: tagSetOf(id, { title }), revise: true };
            },
          },
        ),
      );
      return { answer, admitted: seen.at(-1) };
    }
    const full = (sequence: number) => ({ input: { sequence, attributes: null } });
    const some = (sequence: number, ...attributes: string[]) => ({ input: { sequence, attributes } });

    test('numbers rise, also when many are taken at once', async () => {
      const first = await store.nextSequence();
      const taken = await Promise.all(Array.from({ length: 30 }, () => store.nextSequence()));
      expect(new Set(taken).size).toBe(30);
      expect(Math.min(...taken)).toBeGreaterThan(first);
      expect(await store.nextSequence()).toBeGreaterThan(Math.max(...taken));
    });

    test('an older input finds the newer one’s result, and nothing is written', async () => {
      const id = fresh();
      await write(id, 'new', full(8));
      const { answer, admitted } = await write(id, 'old', full(7));
      expect(admitted).toBeNull();
      expect([answer.title, answer.revision]).toEqual(['new', 1]);
      expect((await store.findTags(id))?.title).toBe('new');
      expect(await store.history(id, 10)).toHaveLength(1);
    });

    test('attributes are kept apart; the same input may come again', async () => {
      const id = fresh();
      await write(id, 'color', some(8, 'color'));
      expect((await write(id, 'all', full(7))).admitted).toEqual({ newest: false, keep: ['color'] });
      expect((await write(id, 'again', full(7))).admitted).toEqual({ newest: false, keep: ['color'] });
      expect((await write(id, 'older', some(6, 'fit'))).admitted).toBeNull();
      expect((await write(id, 'newer', full(9))).admitted).toEqual({ newest: true, keep: [] });
    });

    test('what is no input, a review, changes nothing in the order', async () => {
      const id = fresh();
      await write(id, 'tagged', full(8));
      await write(id, 'reviewed', { input: null });
      expect((await store.findTags(id))?.title).toBe('reviewed');
      expect((await write(id, 'old', full(7))).admitted).toBeNull();
    });

    test('a deletion comes in the order too, of a product that was never tagged as well', async () => {
      for (const tagged of [true, false]) {
        const id = fresh();
        const before = await store.nextSequence();
        if (tagged) await write(id, 'first', full(before));
        const between = await store.nextSequence();
        await store.deleteProduct(id);
        await expect(write(id, 'late', full(between))).rejects.toMatchObject({ code: 'product.not_found' });
        expect(await store.findTags(id)).toBeNull();
        const { answer } = await write(id, 'anew', full(await store.nextSequence()));
        expect(answer.revision).toBe(tagged ? 2 : 1);
      }
    });

    test('a call is answered once, then again as it was', async () => {
      const id = fresh();
      const call = { scope: 'shop', key: randomUUID(), content: sha256('a') };
      expect(await store.findAnswer(call.scope, call.key)).toBeNull();
      const { answer } = await write(id, 'first', { call });
      expect(await store.findAnswer('shop', call.key)).toEqual({
        content: call.content,
        tagSet: answer,
        operationId: null,
      });
      expect(await store.findAnswer('other', call.key)).toBeNull();
      expect((await write(id, 'second', { call })).answer).toEqual(answer);
      expect((await store.findTags(id))?.title).toBe('first');
      await expect(write(id, 'x', { call: { ...call, content: sha256('b') } })).rejects.toMatchObject({
        code: 'idempotency.conflict',
      });
      expect(await store.history(id, 10)).toHaveLength(1);
    });

    test('two of the same call at once: one is written, both get its answer', async () => {
      const id = fresh();
      const call = { scope: '', key: randomUUID(), content: sha256('a') };
      const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => write(id, String(n), { call })));
      expect(new Set(answers.map(({ answer }) => answer.title)).size).toBe(1);
      expect(await store.history(id, 10)).toHaveLength(1);
    });

    test('a deletion takes the answers with it', async () => {
      const id = fresh();
      const call = { scope: '', key: randomUUID(), content: sha256('a') };
      await write(id, 'first', { call });
      await store.deleteProduct(id);
      expect(await store.findAnswer('', call.key)).toBeNull();
    });
  });
}
