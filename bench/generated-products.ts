/** Products that nobody photographed, spread as a catalogue is: many categories, few of them pending, rare tags. */
import type { CategoryDecision, Decision, TagSet } from '../src/domain/tagging/types.ts';

export const leaves = Array.from({ length: 212 }, (_, index) => `leaf-${index}`);
const colors = ['navy', 'red', 'black', 'white', 'green', 'beige', 'pink', 'gray'];
const others = [
  'pattern',
  'material',
  'sleeve-length',
  'neckline',
  'fit',
  'closure',
  'length',
  'collar',
  'hem-style',
];

/** The same number gives the same product. */
export function generatedTagSet(number: number): TagSet {
  let state = (number + 1) * 2_654_435_761;
  const random = () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 3_266_489_917) >>> 0;
    return state / 2 ** 32;
  };
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)]!;
  const decision = (id: string): Decision => {
    const confidence = Math.round((0.5 + random() / 2) * 1e4) / 1e4;
    const kind = random();
    const base = { source: 'model', threshold: 0.6, evidence: [0], rejected: [], reviewed: null } as const;
    if (kind < 0.98) {
      const values = [{ id, name: id, confidence }];
      return { status: 'accepted', ...base, values, candidates: [] };
    }
    const candidates = [1, 2, 3].map((rank) => ({
      id: `${id}-${rank}`,
      name: id,
      confidence: confidence / rank / 2,
    }));
    return { status: 'abstained', reason: 'below-threshold', ...base, values: [], candidates };
  };
  const leaf = pick(leaves);
  const values = [{ id: leaf, name: leaf, path: ['clothing', leaf], confidence: 0.9 }];
  const category: CategoryDecision = { ...decision(leaf), status: 'accepted', values, candidates: [] };
  const rare = random() < 0.002 ? { occasion: { ...decision('rare'), status: 'accepted' as const } } : {};
  const failed = random() < 0.01;
  return {
    productId: `gid://shop/Product/${number}`,
    revision: 1,
    title: `Product ${number}`,
    category,
    attributes: {
      color: decision(pick(colors)),
      ...Object.fromEntries(others.map((id) => [id, decision(`${id}-${Math.floor(random() * 12)}`)])),
      ...rare,
    },
    variants: [],
    images: [
      {
        index: 0,
        status: failed ? 'failed' : 'ok',
        sha256: 'f'.repeat(64),
        width: 1200,
        height: 1600,
        view: null,
        variant: null,
        ref: null,
      },
    ],
    provenance: {
      backend: 'bundled',
      model: 'generated@1',
      taxonomy: 'generated@1.0.0',
      taxonomyHash: '0'.repeat(64),
      calibration: null,
      notSupported: [],
      taggedAt: '2026-01-01T00:00:00.000Z',
    },
    warnings: [],
  };
}
