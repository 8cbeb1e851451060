/** What every keeper of text vectors does. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TextVectors } from '../../src/application/ports-clip.ts';
import { sha256, vectorOf } from './sample-tags.ts';

export function textVectorsContract(
  name: string,
  open: () => Promise<{ readonly textVectors: TextVectors; close(): Promise<void> }>,
): void {
  describe(`text vectors: ${name}`, () => {
    let place: Awaited<ReturnType<typeof open>>;
    const model = `m@${randomUUID()}`;
    beforeAll(async () => {
      place = await open();
    });
    afterAll(() => place?.close());

    test('what was saved is found, bit by bit, under its model only', async () => {
      const texts = Array.from({ length: 2300 }, (_, n) => `a photo of a dress ${n}`);
      const vectors = new Map(texts.map((text) => [sha256(text), vectorOf(text)]));
      await place.textVectors.save(model, vectors);
      const hashes = [...vectors.keys(), sha256('never seen')];
      const found = await place.textVectors.find(model, hashes);
      expect(found.size).toBe(2300);
      for (const [hash, vector] of vectors) expect([...found.get(hash)!]).toEqual([...vector]);
      expect((await place.textVectors.find(`${model}2`, hashes)).size).toBe(0);
    });

    test('saved twice, also at once, the first stays', async () => {
      const [hash, first, second] = [sha256('x'), vectorOf('first'), vectorOf('second')];
      await place.textVectors.save(model, new Map([[hash, first]]));
      await Promise.all([1, 2, 3].map(() => place.textVectors.save(model, new Map([[hash, second]]))));
      expect([...(await place.textVectors.find(model, [hash])).get(hash)!]).toEqual([...first]);
    });

    test('nothing', async () => {
      await place.textVectors.save(model, new Map());
      expect((await place.textVectors.find(model, [])).size).toBe(0);
    });
  });
}
