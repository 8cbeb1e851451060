/** The model's input is what the training pipeline made: compared with PIL's bicubic (see fixtures/images/make.py). */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { createSharpReader } from '../../../src/adapters/image/sharp.ts';

const folder = path.resolve(import.meta.dirname, '../../fixtures/images');
const reader = createSharpReader({ concurrency: 2 });
const specs = {
  squash128: { size: 128, fit: 'squash', kernel: 'cubic' },
  crop224: { size: 224, fit: 'crop', kernel: 'cubic' },
} as const;

/**
 * Mean absolute difference per channel, of 255. Looser for 2 megapixels: libvips first averages whole blocks there.
 * Tighter where a picture is enlarged: that is done here.
 */
const cases = (
  [
    ['wide.jpg', 0.3],
    ['tall.jpg', 0.3],
    ['tall.png', 0.3],
    ['large.jpg', 0.6],
    ['small.jpg', 0.05],
    ['low.png', 0.05],
  ] as const
).flatMap(([file, limit]) => (['squash128', 'crop224'] as const).map((name) => ({ file, name, limit })));

test.each(cases)('$file as $name equals the reference within $limit', async ({ file, name, limit }) => {
  const bytes = readFileSync(path.join(folder, file));
  const { input } = await reader.prepare(bytes, specs[name]);
  const wanted = await sharp(readFileSync(path.join(folder, `${file}.${name}.png`)))
    .raw()
    .toBuffer();
  expect(input.data).toHaveLength(wanted.length);
  const sums = [0, 0, 0];
  for (let i = 0; i < wanted.length; i++) sums[i % 3]! += Math.abs(input.data[i]! - wanted[i]!);
  for (const sum of sums) expect(sum / (wanted.length / 3)).toBeLessThanOrEqual(limit);
});
