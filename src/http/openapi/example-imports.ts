/** An import as it is sent, as it fares, and what failed of it. */

const id = '5a3c7d52-7d1d-4a53-9a3c-2f9f6f1c2d10';

const running = {
  id,
  state: 'running',
  dryRun: false,
  source: { body: true },
  plan: {
    total: 20_000,
    invalid: 2,
    repeated: 15,
    images: 61_240,
    estimate: { inferences: 58_903, seconds: 5412.5 },
  },
  progress: {
    done: 5130,
    changed: 4980,
    unchanged: 147,
    failed: 3,
    ratePerSecond: 3.7,
    etaSeconds: 4018.9,
  },
  error: null,
  createdAt: '2026-11-23T09:00:00.000Z',
  updatedAt: '2026-11-23T09:23:06.000Z',
  finishedAt: null,
};

const lines = [
  {
    productId: 'sku-1',
    title: 'Tee',
    images: [{ url: 'https://cdn.example/sku-1.jpg', view: 'front' }],
    attributes: { material: [{ label: 'Organic cotton' }] },
  },
  { productId: 'sku-2', images: [{ s3: 's3://catalog/sku-2.jpg' }], category: 'dress' },
  { productId: 'sku-3', deleted: true },
];

export const importExamples = {
  import: { summary: 'Running', value: running },
  importNamed: {
    summary: 'A file that was named and is not read yet',
    value: {
      ...running,
      state: 'receiving',
      source: { url: 'https://shop.example/catalog.ndjson' },
      plan: {
        total: 0,
        invalid: 0,
        repeated: 0,
        images: 0,
        estimate: { inferences: null, seconds: null },
      },
      progress: { done: 0, changed: 0, unchanged: 0, failed: 0, ratePerSecond: null, etaSeconds: null },
    },
  },
  imports: { summary: 'The only one', value: { items: [running], next: null } },
  importLines: {
    summary: 'Two products, and one that is gone',
    value: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  },
  importUrl: { summary: 'By URL', value: { url: 'https://shop.example/catalog.ndjson' } },
  importS3: { summary: 'In a bucket', value: { s3: 's3://catalog/all.ndjson' } },
  importFailures: {
    summary: 'A line that cannot be read, and a picture that is not to be had',
    value: {
      items: [
        {
          line: 17,
          productId: 'sku-17',
          code: 'request.malformed',
          detail: 'An image is exactly one of "url" and "s3".',
          errors: [
            {
              code: 'request.malformed',
              detail: 'An image is exactly one of "url" and "s3".',
              pointer: '/images/0',
            },
          ],
        },
        {
          line: 40,
          productId: 'sku-40',
          code: 'image.fetch_failed',
          detail: 'The server answered cdn.example/sku-40.jpg with 404.',
          errors: [],
        },
      ],
      next: null,
    },
  },
} as const;
