/** The real taxonomy with a vector for each caption, and pictures that lie near some of them: what a CLIP would give, without one. */
import path from 'node:path';
import { createFileTaxonomySource } from '../../../src/adapters/taxonomy/files.ts';
import type { BankGroup, VectorBank } from '../../../src/domain/tagging/bank.ts';
import { compileGroup } from '../../../src/domain/tagging/compile-bank.ts';
import type { ColorShare, ImageEvidence } from '../../../src/domain/tagging/types.ts';
import { categoryCaptions, profileCaptions } from '../../../src/domain/taxonomy/caption-plan.ts';
import type { Taxonomy } from '../../../src/domain/taxonomy/types.ts';

const root = path.resolve(import.meta.dirname, '../../..');

export const loadTaxonomy = (): Promise<Taxonomy> =>
  createFileTaxonomySource({
    directory: path.join(root, 'taxonomy'),
    calibrationDirectory: path.join(root, 'calibration'),
  }).load();

/** Numbers from 0 to 1, the same for the same seed. */
export function chance(seed: string | number): () => number {
  let state = 2_166_136_261;
  for (const letter of String(seed)) state = Math.imul(state ^ letter.charCodeAt(0), 16_777_619);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function unit(values: ArrayLike<number>): Float32Array {
  const length = Math.hypot(...Array.from(values));
  return Float32Array.from(values, (value) => value / length);
}

const random = (dim: number, seed: string | number) => {
  const next = chance(seed);
  return unit(Array.from({ length: dim }, () => next() + next() + next() - 1.5));
};

/** Every caption has a vector of its own; values are pooled and rows laid out as a text tower's are. */
export function captionedBank(taxonomy: Taxonomy, dim: number): VectorBank {
  const vectors = new Map<string, Float32Array>();
  const vectorsOf = (caption: string) => {
    const known = vectors.get(caption) ?? random(dim, caption);
    vectors.set(caption, known);
    return [known];
  };
  const profiles = new Map<string, ReadonlyMap<string, BankGroup>>();
  const profile = (id: string) => {
    const known =
      profiles.get(id) ??
      new Map(
        [...profileCaptions(taxonomy, id)].map(([attribute, captions]) => [
          attribute,
          compileGroup(captions, vectorsOf, dim),
        ]),
      );
    profiles.set(id, known);
    return known;
  };
  return {
    model: `captions@${dim}`,
    dim,
    scale: 100,
    categories: compileGroup(categoryCaptions(taxonomy), vectorsOf, dim),
    attribute: (attributeId, profileId) => profile(profileId).get(attributeId),
    prompts: (_, valueId) => [`a ${valueId}`],
    supported: new Set(taxonomy.attributes.map(({ id }) => id)),
  };
}

/** A picture of some product: near its category and a value of each attribute, more or less sure of each. */
export function pictureOf(
  taxonomy: Taxonomy,
  bank: VectorBank,
  product: number,
  index: number,
  more: Partial<ImageEvidence> = {},
): ImageEvidence {
  const what = chance(`product ${product}`);
  const how = chance(`picture ${product} ${index}`);
  const sum = Float64Array.from(random(bank.dim, `noise ${product} ${index}`), (value) => value * 0.6);
  const near = ({ ids, data }: BankGroup['values'], place: number, weight: number) => {
    if (ids.length === 0) return;
    const row = Math.floor(place * ids.length) * bank.dim;
    for (let i = 0; i < bank.dim; i++) sum[i]! += weight * data[row + i]!;
  };
  const leaves = taxonomy.categories.filter(({ leaf }) => leaf);
  const leaf = leaves[Math.floor(what() * leaves.length)]!;
  near(
    bank.categories.values,
    (bank.categories.values.ids.indexOf(leaf.id) + 0.5) / bank.categories.values.ids.length,
    0.35 + 0.2 * how(),
  );
  for (const { id } of taxonomy.attributes) {
    const group = bank.attribute(id, leaf.profile!);
    const place = what();
    if (group) near(group.values, place, 0.35 * how());
  }
  return { index, vector: unit(sum), view: null, variant: null, colors: colorsOf(what, how), ...more };
}

function colorsOf(what: () => number, how: () => number): readonly ColorShare[] {
  const parts = 1 + Math.floor(how() * 4);
  const weights = Array.from({ length: parts }, () => 0.1 + how());
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights
    .map((weight, part): ColorShare => {
      const lab = [100 * what(), 120 * what() - 60, 120 * what() - 60] as const;
      return {
        lab,
        hex: `#${part}${lab.map((value) => Math.abs(Math.round(value)) % 10).join('')}00`.slice(0, 7),
        share: weight / total,
      };
    })
    .sort((a, b) => b.share - a.share);
}
