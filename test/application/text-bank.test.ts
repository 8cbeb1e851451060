import { createHash } from 'node:crypto';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createFileTaxonomySource } from '../../src/adapters/taxonomy/files.ts';
import type { TextVectors } from '../../src/application/ports-clip.ts';
import { type BankProgress, createTextBank } from '../../src/application/text-bank.ts';
import { ProfileNotLoaded } from '../../src/domain/tagging/bank.ts';
import { captionsOf, profileCaptions } from '../../src/domain/taxonomy/caption-plan.ts';

const root = path.resolve(import.meta.dirname, '../..');
const taxonomy = await createFileTaxonomySource({
  directory: path.join(root, 'taxonomy'),
  calibrationDirectory: path.join(root, 'calibration'),
}).load();
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const dim = 8;

function vectorOf(text: string): Float32Array {
  const seed = createHash('sha256').update(text).digest();
  const raw = Array.from({ length: dim }, (_, i) => seed[i]! - 100);
  const length = Math.hypot(...raw);
  return Float32Array.from(raw, (value) => value / length);
}

function memoryVectors(): TextVectors & { readonly kept: Map<string, Float32Array> } {
  const kept = new Map<string, Float32Array>();
  return {
    kept,
    find: async (model, hashes) =>
      new Map(
        hashes.flatMap((one) => {
          const found = kept.get(`${model} ${one}`);
          return found ? [[one, found] as const] : [];
        }),
      ),
    async save(model, vectors) {
      for (const [one, vector] of vectors) kept.set(`${model} ${one}`, vector);
    },
  };
}

function world(vectors = memoryVectors(), family: 'clip' | 'siglip' = 'clip') {
  const sent: string[] = [];
  const told: BankProgress[] = [];
  let failing = false;
  const open = (templates = 1, modelKey = 'm@1') =>
    createTextBank({
      taxonomy,
      modelKey,
      model: {
        card: { dim } as never,
        scale: 100,
        family,
        texts: {
          maxTexts: 64,
          async encode(texts) {
            await new Promise((resolve) => setImmediate(resolve));
            if (failing) throw new Error('away');
            expect(texts.length).toBeLessThanOrEqual(64);
            sent.push(...texts);
            return texts.map(vectorOf);
          },
        },
      },
      vectors,
      hash,
      templates,
      onProgress: (progress) => told.push(progress),
    });
  return {
    sent,
    told,
    vectors,
    open,
    fail(now: boolean) {
      failing = now;
    },
  };
}

describe('the text bank', () => {
  test('has categories and the universal profile at once, the others when they are asked for', async () => {
    const at = world();
    const { bank, load, progress } = await at.open();
    expect(bank.categories.values.ids).toHaveLength(212);
    expect(bank.categories.nulls.ids).toEqual(taxonomy.rejectPrompts);
    expect(bank.attribute('color', 'universal')!.values.ids.length).toBeGreaterThan(20);
    expect(() => bank.attribute('neckline', 'dress')).toThrow(ProfileNotLoaded);
    const before = at.sent.length;
    await Promise.all([load('dress'), load('dress'), load('top')]);
    expect(bank.attribute('neckline', 'dress')!.values.ids).toContain('v-neck');
    expect(bank.attribute('lens-tint', 'dress')).toBeUndefined();
    expect(at.sent.length).toBeGreaterThan(before);
    expect(new Set(at.sent).size).toBe(at.sent.length);
    expect(progress()).toMatchObject({ texts: at.sent.length, encoded: at.sent.length });
    expect(at.told.at(-1)).toEqual(progress());
    await expect(load('nonsense')).rejects.toThrow(RangeError);
  });

  test('everything, once: what was encoded before is never encoded again', async () => {
    const at = world();
    const first = await at.open();
    await first.loadAll(new AbortController().signal);
    const { texts, ofTexts } = first.progress();
    expect(texts).toBe(ofTexts);
    expect(new Set(at.sent).size).toBe(ofTexts);
    expect(at.sent).toHaveLength(ofTexts);
    const again = world(at.vectors);
    const second = await again.open();
    await second.loadAll(new AbortController().signal);
    expect(again.sent).toEqual([]);
    for (const profileId of ['dress', 'boots'])
      expect(second.bank.attribute('color', profileId)).toEqual(first.bank.attribute('color', profileId));
    // Another model's vectors are not its own.
    const other = world(at.vectors);
    await other.open(1, 'm@2');
    expect(other.sent.length).toBeGreaterThan(200);
  });

  test('a text tower that goes away leaves what it gave, and the rest can be asked for later', async () => {
    const at = world();
    const { load, bank } = await at.open();
    at.fail(true);
    await expect(load('dress')).rejects.toThrow('away');
    expect(() => bank.attribute('neckline', 'dress')).toThrow(ProfileNotLoaded);
    at.fail(false);
    await load('dress');
    expect(bank.attribute('neckline', 'dress')).toBeDefined();
  });

  test('a value is the middle of its captions in the first templates; explanations name the captions', async () => {
    const at = world();
    const { bank, load } = await at.open(2);
    await load('dress');
    const group = profileCaptions(taxonomy, 'dress').get('neckline')!;
    const { id, captions } = group.values[0]!;
    expect(bank.prompts('neckline', id, 'dress')).toEqual(captions);
    const all = captions.flatMap((caption) => [`a photo of ${caption}`, `a product photo of ${caption}`]);
    const sum = Array.from({ length: dim }, (_, i) =>
      all.reduce((total, text) => total + vectorOf(text)[i]!, 0),
    );
    const length = Math.hypot(...sum);
    const row = bank.attribute('neckline', 'dress')!.values.data.subarray(0, dim);
    for (const [i, value] of row.entries()) expect(value).toBeCloseTo(sum[i]! / length, 5);
    expect(captionsOf(group)).toEqual([...new Set(captionsOf(group))]);
  });

  test('SigLIP has templates of its own', async () => {
    const at = world(memoryVectors(), 'siglip');
    await at.open(3);
    expect(at.sent.some((text) => text.startsWith('This is a photo of '))).toBe(true);
    expect(at.sent.some((text) => text.includes('e-commerce'))).toBe(false);
  });

  test('stops when told to', async () => {
    const at = world();
    const { loadAll } = await at.open();
    await expect(loadAll(AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
  });
});
