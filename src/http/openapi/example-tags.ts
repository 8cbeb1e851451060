/** One product before and after a person’s word, and work accepted for it: what most examples are made of. */

export const provenance = {
  backend: 'bundled',
  model: 'hangtag-garments-1@2febf5e58e59',
  taxonomy: 'retail-visual-attributes@1.0.0',
  taxonomyHash: '0c436d86002a4eb9018779e175f9afce08a92b75b18012b710a961b7f16d009c',
  calibration: 'hangtag-garments-1/1.0.0/1',
  taggedAt: '2026-11-23T09:00:00.000Z',
  notSupported: ['pattern', 'material', 'neckline', 'fit'],
};
const open = { rejected: [], reviewed: null };
const byAda = { by: 'ada', at: '2026-11-23T09:05:00.000Z' };

export const tagged = {
  apiVersion: 1,
  productId: 'sku-1',
  revision: 1,
  title: null,
  category: {
    status: 'accepted',
    source: 'model',
    threshold: 0.8,
    evidence: [0],
    ...open,
    values: [{ id: 't-shirt', name: 'T-shirt', path: ['clothing', 'tops', 't-shirt'], confidence: 0.967 }],
    candidates: [],
  },
  attributes: {
    color: {
      status: 'accepted',
      source: 'model',
      threshold: 0.35,
      evidence: [0],
      ...open,
      values: [
        { id: 'navy', name: 'Navy', confidence: 0.871, hex: '#1f2a44', share: 0.94, evidence: 'pixel' },
      ],
      candidates: [],
    },
    'sleeve-length': {
      status: 'abstained',
      reason: 'below-threshold',
      source: 'model',
      threshold: 0.54,
      evidence: [0],
      ...open,
      values: [],
      candidates: [
        { id: 'short', name: 'Short sleeve', confidence: 0.4875 },
        { id: 'long', name: 'Long sleeve', confidence: 0.4211 },
      ],
    },
  },
  variants: [],
  tags: ['category/t-shirt', 'color/navy'],
  images: [
    {
      index: 0,
      status: 'ok',
      sha256: '684ce985d2f3bd24d9342548172f1b65db850eade85c8677fe77f57b07ee6170',
      width: 240,
      height: 320,
      view: 'front',
      variant: null,
      ref: null,
    },
    {
      index: 1,
      status: 'failed',
      view: 'back',
      variant: null,
      ref: null,
      error: { code: 'image.unreadable', detail: 'The image is cut off or damaged.' },
    },
  ],
  provenance,
  warnings: [],
};

export const reviewed = {
  ...tagged,
  revision: 2,
  attributes: {
    color: {
      ...tagged.attributes.color,
      source: 'human',
      threshold: null,
      reviewed: byAda,
      values: [
        { id: 'navy', name: 'Navy', confidence: null },
        { id: 'white', name: 'White', confidence: null },
      ],
    },
    'sleeve-length': {
      ...tagged.attributes['sleeve-length'],
      source: 'human',
      rejected: ['long'],
      reviewed: byAda,
      candidates: [{ id: 'short', name: 'Short sleeve', confidence: 0.4875 }],
    },
  },
  tags: ['category/t-shirt', 'color/navy', 'color/white'],
};

export const operation = {
  id: '0b9ca3f4-4a44-4c51-8a4e-0f5f6c1f1a11',
  productId: 'sku-1',
  state: 'queued',
  revision: null,
  error: null,
  attempts: 0,
  createdAt: '2026-11-23T09:00:00.000Z',
  updatedAt: '2026-11-23T09:00:00.000Z',
};
