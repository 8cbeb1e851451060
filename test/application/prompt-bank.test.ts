/** A model that gives probabilities decides what the same model decides with its vectors. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createMemoryTextVectors } from '../../src/adapters/store/memory-text-vectors.ts';
import { createFileTaxonomySource } from '../../src/adapters/taxonomy/files.ts';
import type { ModelCard } from '../../src/application/ports.ts';
import { createPromptBank } from '../../src/application/prompt-bank.ts';
import { createTextBank } from '../../src/application/text-bank.ts';
import { withProfiles } from '../../src/application/with-profiles.ts';
import { decideProduct } from '../../src/domain/tagging/decide-product.ts';
import { captionsOf, categoryCaptions, profileCaptions } from '../../src/domain/taxonomy/caption-plan.ts';

const root = path.resolve(import.meta.dirname, '../..');
const source = createFileTaxonomySource({
  directory: path.join(root, 'taxonomy'),
  calibrationDirectory: path.join(root, 'calibration'),
});
const taxonomy = await source.load();
const dim = 48;
const scale = 40;
const card: ModelCard = {
  backend: 'sagemaker',
  id: 'toy',
  fingerprint: '0'.repeat(12),
  license: 'none',
  dim,
  input: { size: 16, fit: 'pad', kernel: 'cubic' },
  refuses: [],
};

const units = new Map<string, Float32Array>();
function unit(seed: string): Float32Array {
  const known = units.get(seed);
  if (known) return known;
  const bytes = [...createHash('sha512').update(seed).digest()].slice(0, dim).map((byte) => byte - 127.5);
  const length = Math.hypot(...bytes);
  const vector = Float32Array.from(bytes, (value) => value / length);
  units.set(seed, vector);
  return vector;
}

/** All captions of a value mean the same to this toy: then an average of vectors is an average of logits. */
const meanings = new Map<string, string>();
for (const [prefix, group] of [
  ['category', categoryCaptions(taxonomy)] as const,
  ...[...taxonomy.profiles.keys()].flatMap((id) => [...profileCaptions(taxonomy, id)]),
])
  for (const { id, captions } of group.values)
    for (const caption of captions) if (!meanings.has(caption)) meanings.set(caption, `${prefix}/${id}`);
const template = taxonomy.templates[0]!;
const [before = '', after = ''] = template.split('{caption}');
const textVector = (text: string) => {
  const caption = text.slice(before.length, text.length - after.length);
  return unit(meanings.get(caption) ?? caption);
};
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, index) => sum + value * b[index]!, 0);

/** Pictures are told apart by their first pixel. */
const pictureOf = (n: number) => ({ width: 16, height: 16, data: new Uint8Array(768).fill(n) });
const keys = [...new Set(meanings.values())];
/** Near some category's and some values' directions, so that something is decided. */
function seen(n: number): Float32Array {
  const parts = [
    unit(`noise ${n}`),
    ...[3, 71, 501, 907].map((step) => unit(keys[(n * step) % keys.length]!)),
  ];
  const sum = parts[0]!.map((_, index) => parts.reduce((total, part) => total + part[index]!, 0));
  const length = Math.hypot(...sum);
  return sum.map((value) => value / length);
}

const calls: { readonly prompts: number; readonly picture: number }[] = [];
const bank = createPromptBank({
  taxonomy,
  templates: 1,
  encode: async ({ data }) => data.slice(0, 1),
  scorer: {
    card,
    maxPrompts: 300,
    async score(picture, prompts) {
      calls.push({ prompts: prompts.length, picture: picture[0]! });
      const vector = seen(picture[0]!);
      const weights = prompts.map((prompt) => Math.exp(scale * dot(vector, textVector(prompt))));
      const sum = weights.reduce((total, weight) => total + weight, 0);
      return weights.map((weight) => weight / sum);
    },
    close: async () => {},
  },
});

async function byProbabilities(pictures: readonly number[], category: null = null) {
  const session = bank.session();
  const images = await Promise.all(
    pictures.map(async (n, index) => ({
      index,
      vector: await session.model.embed(pictureOf(n)),
      view: null,
      variant: null,
      colors: [],
    })),
  );
  const meaning = { taxonomy, bank: session.bank, calibration: null };
  return withProfiles(session.loadProfile, async () =>
    decideProduct(meaning, { images, category, attributes: null, explain: false }),
  );
}

const texts = { maxTexts: 1000, encode: async (given: readonly string[]) => given.map(textVector) };
const vectors = await createTextBank({
  taxonomy,
  model: { card, texts, scale, family: 'clip' },
  modelKey: 'toy@0',
  vectors: createMemoryTextVectors(),
  hash: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  templates: 1,
});
const byVectors = (pictures: readonly number[]) =>
  withProfiles(vectors.load, async () =>
    decideProduct(
      { taxonomy, bank: vectors.bank, calibration: null },
      {
        images: pictures.map((n, index) => ({
          index,
          vector: seen(n),
          view: null,
          variant: null,
          colors: [],
        })),
        category: null,
        attributes: null,
        explain: false,
      },
    ),
  );

/** Confidences to three digits: what was rounded on the way differs behind them. */
const rounded = (answer: unknown) =>
  JSON.parse(JSON.stringify(answer), (_, value) =>
    typeof value === 'number' ? Math.round(value * 200) / 200 : value,
  );

describe('probabilities of prompts', () => {
  test('decide what vectors decide, for one picture and for several', async () => {
    const products = [[1], [2], [9], [17], [40], [77], [5, 6], [120, 121, 122]];
    const statuses = new Set<string>();
    for (const pictures of products) {
      const answer = await byProbabilities(pictures);
      expect(rounded(answer)).toEqual(rounded(await byVectors(pictures)));
      for (const decision of [answer.category, ...Object.values(answer.attributes)])
        statuses.add(decision.status);
    }
    expect([...statuses].sort()).toEqual(['abstained', 'accepted', 'suggested']);
  });

  test('are asked for in few calls, and a group never in two', async () => {
    calls.length = 0;
    const answer = await byProbabilities([9]);
    const attributes = Object.keys(answer.attributes).length;
    expect(attributes).toBeGreaterThan(4);
    const first = captionsOf(categoryCaptions(taxonomy)).length;
    expect(calls[0]).toEqual({ prompts: first, picture: 9 });
    const largest = Math.max(
      300,
      ...[...taxonomy.profiles.keys()].flatMap((id) =>
        [...profileCaptions(taxonomy, id).values()].map((group) => captionsOf(group).length),
      ),
    );
    for (const { prompts } of calls.slice(1)) expect(prompts).toBeLessThanOrEqual(largest);
    expect(calls.length).toBeLessThan(12);
  });

  test('of one call are unknown to the next', async () => {
    const first = bank.session();
    await first.model.embed(pictureOf(1));
    await first.loadProfile('universal');
    const second = bank.session();
    await second.model.embed(pictureOf(1));
    const id = [...first.bank.supported][0]!;
    expect(() => second.bank.attribute(id, 'universal')).toThrow('not loaded');
    expect(second.model.keepsVectors).toBe(false);
  });
});
