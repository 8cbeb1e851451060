/**
 * The model that ships, on the photos it never saw, through the service's own decoding and inference. Needs the public
 * photos (HANGTAG_PHOTOS, or ../shared/photos beside the checkout); skipped where they are not.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createSharpReader } from '../../src/adapters/image/sharp.ts';
import { createBundledModel } from '../../src/adapters/inference/bundled.ts';

const root = path.resolve(import.meta.dirname, '../..');
const photos = process.env.HANGTAG_PHOTOS ?? path.resolve(root, '../shared/photos');
const directory = path.join(root, 'models/bundled');

interface Row {
  readonly id: string | null;
  readonly label: string;
  readonly vector: string;
}

/** The seeded tenth that training leaves out: the same hash as data.py's. */
function heldOut(file: string, seed: number): boolean {
  const point =
    Number.parseInt(createHash('sha256').update(`${seed}:${file}`).digest('hex').slice(0, 8), 16) / 2 ** 32;
  return point < 0.1;
}

describe.skipIf(!existsSync(path.join(photos, 'labels.csv')))('on real photos it never saw', () => {
  test('17 types: the figures of its card hold through the service’s own pipeline', {
    timeout: 120_000,
  }, async () => {
    const bank = JSON.parse(readFileSync(path.join(directory, 'bank.json'), 'utf8')) as { category: Row[] };
    const report = JSON.parse(readFileSync(path.join(directory, 'report.json'), 'utf8')) as {
      seed: number;
      figures: { types: { test: { photos: number; top1: number; top3: number } } };
    };
    const types = bank.category
      .filter((row) => row.id !== null)
      .map(({ label, vector }) => ({
        label,
        vector: new Float32Array(Uint8Array.from(Buffer.from(vector, 'base64')).buffer),
      }));
    const rows = readFileSync(path.join(photos, 'labels.csv'), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','))
      .filter(([file, label]) => heldOut(file!, report.seed) && types.some((type) => type.label === label));
    const reader = createSharpReader({ concurrency: 2 });
    const limits = { maxBatch: 4, maxWaiting: 2000, maxWaitingBytes: 2 ** 28, deadlineMs: 100_000 };
    const model = await createBundledModel({ directory, workers: 1, limits });
    try {
      let first = 0;
      let third = 0;
      for (const [file, label] of rows) {
        const { input } = await reader.prepare(
          await readFile(path.join(photos, 'images', file!)),
          model.card.input,
        );
        const seen = await model.embed(input);
        const order = types
          .map((type) => ({
            label: type.label,
            score: type.vector.reduce((sum, x, index) => sum + x * seen[index]!, 0),
          }))
          .sort((a, b) => b.score - a.score);
        if (order[0]!.label === label) first++;
        if (order.slice(0, 3).some((type) => type.label === label)) third++;
      }
      const { test: promised } = report.figures.types;
      expect(rows).toHaveLength(promised.photos);
      expect(first / rows.length).toBeGreaterThanOrEqual(0.73);
      // The pictures are resized by libvips here and by PIL in training: half a point either way.
      expect(Math.abs(first / rows.length - promised.top1)).toBeLessThan(0.0125);
      expect(Math.abs(third / rows.length - promised.top3)).toBeLessThan(0.0125);
    } finally {
      await model.close();
    }
  });
});
