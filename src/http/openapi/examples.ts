/** What requests and answers look like. A test holds each against the schema that it stands beside. */

import { importExamples } from './example-imports.ts';
import { meaningExamples } from './example-meanings.ts';
import { outgoingExamples } from './example-outgoing.ts';
import { operation, provenance, reviewed, tagged } from './example-tags.ts';
import type { Json } from './json.ts';

const sleeveLength = {
  id: 'sleeve-length',
  name: 'Sleeve length',
  description: 'Where the sleeve ends.',
  scope: 'product',
  selection: 'single',
  maxValues: 1,
  scoring: 'softmax',
  reliability: 'high',
  policy: 'decide',
  views: ['front', 'back', 'top-down'],
  presentations: null,
  requires: [],
  shopify: [{ handle: 'sleeve-length-type', gid: 'gid://shopify/TaxonomyAttribute/15' }],
  google: null,
  schemaOrg: 'additionalProperty',
  values: [
    {
      id: 'short',
      name: 'Short sleeve',
      synonyms: [],
      hex: null,
      family: null,
      profiles: null,
      categories: null,
      deprecated: false,
      replacedBy: null,
      shopify: [
        { gid: 'gid://shopify/TaxonomyValue/169', match: 'exact', handle: 'sleeve-length-type__short' },
      ],
      google: null,
    },
  ],
};
const { taxonomyHash: contentHash, taxonomy } = provenance;
const can = (threshold: number, precision: number | null, coverage: number | null) => ({
  supported: true,
  calibrated: precision !== null,
  threshold,
  precision,
  coverage,
});

/** A picture of one pixel, so that the example can be sent as it stands. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC';

const all = {
  ...outgoingExamples,
  ...meaningExamples,
  tagged: { summary: 'One attribute sure, one not, one picture broken', value: tagged },
  reviewed: { summary: 'After a person’s word', value: reviewed },
  tagBase64: {
    summary: 'A picture in base64',
    value: { images: [{ base64: pixel, view: 'front', ref: 'IMG_0001' }], category: 't-shirt', title: 'Tee' },
  },
  catalogEvent: {
    summary: 'A product made or changed',
    value: {
      type: 'product.upserted',
      timestamp: '2026-11-24T10:00:00Z',
      data: {
        productId: 'sku-1',
        title: 'Tee',
        images: [{ url: 'https://cdn.example.com/sku-1/front.jpg', view: 'front' }],
        category: 't-shirt',
        attributes: { color: ['navy'], material: [{ label: 'Toasted Walnut' }], pattern: null },
      },
    },
  },
  shopProduct: {
    summary: 'A deletion: the id alone',
    value: { id: 788032119674292 },
  },
  eventAccepted: {
    summary: 'Durable, and worked later',
    value: { eventId: operation.id, status: 'accepted' },
  },
  eventDuplicate: {
    summary: 'It came before',
    value: { eventId: operation.id, status: 'duplicate' },
  },
  eventIgnored: { summary: 'Nothing to do', value: { eventId: null, status: 'ignored' } },
  tagVariants: {
    summary: 'Two colours of one product',
    value: {
      images: [
        { base64: pixel, variant: 'navy' },
        { base64: pixel, variant: 'red' },
      ],
    },
  },
  accepted: { summary: 'Waiting', value: operation },
  done: {
    summary: 'Done',
    value: { ...operation, state: 'done', revision: 1, attempts: 1, updatedAt: '2026-11-23T09:00:02.000Z' },
  },
  failed: {
    summary: 'Failed',
    value: {
      ...operation,
      state: 'failed',
      attempts: 1,
      error: { code: 'image.unreadable', detail: 'The image is cut off or damaged.' },
    },
  },
  failures: {
    summary: 'One of a shop’s events',
    value: {
      items: [
        {
          id: operation.id,
          source: 'shopify',
          productId: 'gid://shopify/Product/42',
          error: { code: 'image.fetch_failed', detail: 'The server of the image answered with 404.' },
          attempts: 9,
          createdAt: '2026-11-23T09:00:00.000Z',
          failedAt: '2026-11-23T09:10:00.000Z',
        },
      ],
      next: null,
    },
  },
  set: { summary: 'Say what it is', value: { set: { color: ['navy', 'white'] }, by: 'ada' } },
  acceptAndReject: {
    summary: 'Accept a candidate, bar a value',
    value: { accept: ['sleeve-length/short'], reject: ['material/denim'], by: 'ada' },
  },
  clearAndReset: {
    summary: 'It has none; ask the model again',
    value: { clear: ['pattern'], reset: ['fit'], category: 'dress' },
  },
  page: { summary: 'The only page', value: { items: [reviewed], next: null } },
  firstPage: {
    summary: 'One of several: the cursor of the next',
    value: { items: [tagged], next: 'eyJsIjoiN2QxYSIsInAiOnt9fQ' },
  },
  history: {
    summary: 'Two revisions',
    value: {
      items: [
        { revision: 2, cause: 'review', at: '2026-11-23T09:05:00.000Z', tagSet: reviewed },
        { revision: 1, cause: 'request', at: '2026-11-23T09:00:00.000Z', tagSet: tagged },
      ],
      next: null,
    },
  },
  taxonomy: {
    summary: 'Shortened to one of each',
    value: {
      id: 'retail-visual-attributes',
      version: '1.0.0',
      contentHash,
      categories: [
        {
          id: 't-shirt',
          name: 'T-shirt',
          parent: 'tops',
          path: ['clothing', 'tops', 't-shirt'],
          leaf: true,
          profile: 'top',
          synonyms: ['tee'],
          shopify: { gid: 'gid://shopify/TaxonomyCategory/aa-1-13-8', match: 'exact' },
          google: 212,
        },
      ],
      profiles: [{ id: 'universal', attributes: ['color', 'pattern', 'material', 'surface-finish'] }],
      attributes: [sleeveLength],
    },
  },
  attribute: {
    summary: 'Shortened to one value',
    value: { taxonomy, contentHash, ...sleeveLength },
  },
  model: {
    summary: 'The bundled model, shortened',
    value: {
      backend: 'bundled',
      id: 'hangtag-garments-1',
      fingerprint: '2febf5e58e59',
      licence: 'Apache-2.0',
      dim: 256,
      input: { size: 128, fit: 'squash', kernel: 'cubic' },
      refuses: ['Made for photos of the product alone. Garments worn by a person are not supported.'],
      calibration: 'hangtag-garments-1/1.0.0/1',
      category: can(0.8, 0.9395, 0.7039),
      attributes: {
        color: can(0.35, null, null),
        'sleeve-length': can(0.54, 0.9085, 0.9672),
        pattern: { supported: false, calibrated: false, threshold: null, precision: null, coverage: null },
      },
    },
  },
  alive: { summary: 'Alive', value: { status: 'ok' } },
  ready: {
    summary: 'Ready',
    value: { status: 'ready', checks: { model: null, store: null, originals: null } },
  },
  warming: {
    summary: 'Ready, with a CLIP that still encodes captions',
    value: {
      status: 'ready',
      checks: { model: null, store: null, originals: null },
      captions: { known: 4096, total: 18450 },
    },
  },
  notReady: {
    summary: 'The database is away',
    value: {
      status: 'not-ready',
      checks: { model: null, store: 'The database does not answer.', originals: null },
    },
  },
  ...importExamples,
} as const;

export type ExampleName = keyof typeof all;

/** For `components.examples`. */
export const examples: Json = all;

/** References to the named examples, for beside a schema; nothing where none is named. */
export function examplesOf(names: readonly ExampleName[]): Json {
  if (names.length === 0) return {};
  const entries = names.map((name) => [name, { $ref: `#/components/examples/${name}` }]);
  return { examples: Object.fromEntries(entries) };
}
