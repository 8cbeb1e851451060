/** TagSets and writes for tests of the store: small, complete, and different where a test says so. */
import { createHash } from 'node:crypto';
import type { StoredImage, TagWrite } from '../../src/application/ports.ts';
import type { Decision, TagSet } from '../../src/domain/tagging/types.ts';

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** The same text gives the same numbers, none of them round. */
export function vectorOf(text: string, dim = 64): Float32Array {
  const seed = createHash('sha256').update(text).digest();
  return Float32Array.from({ length: dim }, (_, i) => Math.sin(seed[i % 32]! * (i + 1)) / Math.sqrt(dim));
}

export function imageOf(text: string): StoredImage {
  return {
    facts: { sha256: sha256(text), width: 400, height: 533, format: 'jpeg', size: 51_234 },
    colors: [
      { lab: [26.123456789, 1.5e-7, -14.2], hex: '#1f2a44', share: 0.62 },
      { lab: [96, 0, 0.1], hex: '#f4f4f3', share: 0.38 },
    ],
  };
}

export function decided(id: string, confidence = 0.71): Decision {
  return {
    status: 'accepted',
    source: 'model',
    values: [{ id, name: id, confidence }],
    threshold: 0.45,
    evidence: [0],
    candidates: [],
    rejected: [],
    reviewed: null,
  };
}

export function tagSetOf(productId: string, changes: Partial<TagSet> = {}): TagSet {
  const category = { id: 't-shirt', name: 'T-shirt', path: ['clothing', 't-shirt'], confidence: 0.93 };
  return {
    productId,
    revision: 0,
    title: 'A plain shirt',
    category: { ...decided('t-shirt'), values: [category] },
    // In the taxonomy's order, which is neither alphabetical nor by length.
    attributes: { 'sleeve-length': decided('short'), color: decided('navy'), pattern: decided('solid') },
    variants: [],
    images: [{ index: 0, status: 'ok', sha256: sha256(productId), view: null, variant: null, ref: null }],
    provenance: {
      backend: 'bundled',
      model: 'm@1',
      taxonomy: 't@1.0.0',
      taxonomyHash: sha256('t'),
      calibration: null,
      notSupported: ['fit'],
      taggedAt: '2026-11-23T09:00:00.000Z',
    },
    warnings: [],
    ...changes,
  };
}

/** A write that puts `tagSet` there, with one picture named after the product. */
export function writeOf(
  productId: string,
  changes: Partial<TagSet> = {},
  rest: Partial<TagWrite> = {},
): TagWrite {
  return {
    productId,
    cause: 'request',
    images: [imageOf(productId)],
    model: 'm@1',
    vectors: new Map([[sha256(productId), vectorOf(productId)]]),
    input: null,
    call: null,
    decide: () => ({ tagSet: tagSetOf(productId, changes), revise: true }),
    ...rest,
  };
}

/** One more in the title: lost writes show as a count that is too low. */
export function countUp(productId: string, revise = true): TagWrite {
  return writeOf(
    productId,
    {},
    {
      decide: (current) => ({
        tagSet: tagSetOf(productId, { title: String(Number(current?.title ?? 0) + 1) }),
        revise,
      }),
    },
  );
}
