/** Vectors for the taxonomy's captions without a text tower: random ones, for what only costs the same. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { createMemoryTextVectors } from '../../src/adapters/store/memory-text-vectors.ts';
import { createPgliteStore } from '../../src/adapters/store/pglite.ts';
import { createFileTaxonomySource } from '../../src/adapters/taxonomy/files.ts';
import type { ModelCard } from '../../src/application/ports.ts';
import type { TextVectors } from '../../src/application/ports-clip.ts';
import { createTextBank } from '../../src/application/text-bank.ts';

export function randomUnit(dim: number, seed: string): Float32Array {
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0) || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32 - 0.5;
  };
  const values = Float32Array.from({ length: dim }, next);
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

export const taxonomySource = createFileTaxonomySource({
  directory: path.resolve('taxonomy'),
  calibrationDirectory: path.resolve('calibration'),
});

/** The whole bank of a model with this card, kept in `vectors`. */
export async function randomBank(card: ModelCard, vectors: TextVectors = createMemoryTextVectors()) {
  const taxonomy = await taxonomySource.load();
  const texts = {
    maxTexts: 1000,
    encode: async (given: readonly string[]) => given.map((text) => randomUnit(card.dim, text)),
  };
  const bank = await createTextBank({
    taxonomy,
    model: { card, texts, scale: 100, family: 'clip' },
    modelKey: `${card.id}@${card.fingerprint}`,
    vectors,
    hash: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    templates: 1,
  });
  await bank.loadAll(new AbortController().signal);
  return { taxonomy, bank: bank.bank };
}

/** A data folder whose store knows all captions: a service on it is ready at once. */
export async function seedStore(dataDir: string, card: ModelCard): Promise<void> {
  const log = { info() {}, warn() {}, error() {} };
  const store = await createPgliteStore({
    directory: path.join(dataDir, 'database'),
    durability: 'full',
    log,
  });
  await randomBank(card, store.textVectors);
  await store.close();
}
