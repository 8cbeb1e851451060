/** The whole thing without a server, with the model that ships: pictures in, decisions out. */
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImageInput } from '../src/application/tag-request.ts';
import { type Composition, composeOffline } from '../src/composition.ts';
import { parseConfig } from '../src/config.ts';
import { createLog } from '../src/log.ts';

let composition: Composition;
beforeAll(async () => {
  composition = await composeOffline(
    parseConfig({}, path.resolve(import.meta.dirname, '..')),
    createLog('silent'),
  );
});
afterAll(() => composition.close());

const image = (content: Uint8Array): ImageInput => ({ content, view: null, variant: null, ref: null });
const tag = (...contents: Uint8Array[]) =>
  composition.services.tagProduct(
    {
      productId: 'p',
      images: contents.map(image),
      category: null,
      title: null,
      attributes: null,
      explain: false,
      store: false,
    },
    new AbortController().signal,
  );

type Rgb = readonly [number, number, number];

/** A picture by a formula of x and y. */
function draw(width: number, height: number, color: (x: number, y: number) => Rgb) {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(color(x, y), (y * width + x) * 3);
  return sharp(data, { raw: { width, height, channels: 3 } });
}

const white: Rgb = [255, 255, 255];
const navy: Rgb = [28, 36, 72];

/** A T-shirt cut out of navy cloth, on white. */
const tee = draw(240, 320, (x, y) => {
  const side = Math.abs(x - 120);
  const body = side < 56 && y > 60 && y < 270;
  const sleeve = y > 60 && y < 130 && side < 105 - (y - 60) * 0.1;
  const neck = side < 24 && y < 60 + Math.sqrt(Math.max(0, 24 ** 2 - side ** 2)) * 0.8;
  return (body || sleeve) && !neck ? navy : white;
});

describe('pictures of nothing', () => {
  test.each([
    ['a white picture', draw(300, 400, () => white)],
    ['a gray picture', draw(300, 400, () => [128, 128, 128])],
    [
      'a size chart',
      draw(300, 400, (x, y) =>
        x % 60 < 2 || y % 32 < 2 || (y % 32 > 12 && y % 32 < 20 && x % 60 > 12 && (x * 7 + y) % 11 < 4)
          ? [40, 40, 40]
          : white,
      ),
    ],
  ])('%s gets no accepted tag', async (_, picture) => {
    const { category, attributes } = await tag(await picture.png().toBuffer());
    expect(category).toMatchObject({ status: 'abstained', values: [] });
    for (const decision of Object.values(attributes)) expect(decision.status).not.toBe('accepted');
  });
});

describe('one product, however it arrives', () => {
  test('a drawn T-shirt is something of the clothing branch or nothing, and navy', async () => {
    const answer = await tag(await tee.clone().png().toBuffer());
    expect(answer.category.values.map((value) => value.path[0])).not.toContain('footwear');
    expect(answer.attributes.color?.values[0]?.id).toBe('navy');
  });

  test('an EXIF-rotated copy gives the same answer', async () => {
    const upright = await tee.clone().jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer();
    const turned = await sharp(await tee.clone().rotate(-90).png().toBuffer())
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const [a, b] = [await tag(upright), await tag(turned)];
    expect(b.images[0]).toMatchObject({ width: 240, height: 320 });
    expect(b.category.values.map((value) => value.id)).toEqual(a.category.values.map((value) => value.id));
    expect(b.attributes.color?.values.map((value) => value.id)).toEqual(
      a.attributes.color?.values.map((value) => value.id),
    );
  });

  test('the same request twice is the same answer, to the byte, save its time', async () => {
    const bytes = await tee.clone().png().toBuffer();
    const [a, b] = [await tag(bytes, bytes), await tag(bytes, bytes)];
    const timeless = (answer: typeof a) =>
      JSON.stringify({ ...answer, provenance: { ...answer.provenance, taggedAt: '' } });
    expect(timeless(b)).toBe(timeless(a));
  });

  test('a picture that cannot be read stands in images[], the others are tagged', async () => {
    const answer = await tag(
      new TextEncoder().encode('no picture'),
      await tee.clone().webp({ lossless: true }).toBuffer(),
    );
    expect(answer.images.map((entry) => entry.status)).toEqual(['failed', 'ok']);
    expect(answer.attributes.color?.evidence).toEqual([1]);
  });
});

test('every step of a tagging is measured, and a picture seen by nobody is a miss', async () => {
  const before = await numbers();
  await tag(await tee.clone().png().toBuffer(), await tee.clone().webp().toBuffer());
  const after = await numbers();
  const more = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  for (const stage of ['decode', 'colour', 'inference'])
    expect(more(`hangtag_stage_duration_seconds_count{stage="${stage}"}`)).toBe(2);
  expect(more('hangtag_stage_duration_seconds_count{stage="store"}')).toBeGreaterThanOrEqual(1);
  expect(more('hangtag_inference_batch_size_sum')).toBe(2);
  expect(more('hangtag_image_cache_total{result="miss"}')).toBe(2);
  expect(after.get('hangtag_inference_waiting')).toBe(0);
  expect(after.get('hangtag_decode_waiting')).toBe(0);
  expect(more('hangtag_decisions_total{attribute="color",status="accepted",reason=""}')).toBe(1);
});

/** Every sample by its name and labels. */
async function numbers(): Promise<ReadonlyMap<string, number>> {
  const { text } = await composition.meter.render();
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

describe('what the model says of itself', () => {
  test('supported, calibrated, refused', () => {
    const model = composition.services.describeModel();
    expect(model.card).toMatchObject({ backend: 'bundled', id: 'hangtag-garments-1' });
    expect(model.category).toMatchObject({ supported: true, calibrated: true });
    expect(model.category.precision).toBeGreaterThan(0.9);
    expect(model.attributes['sleeve-length']).toMatchObject({ supported: true, calibrated: true });
    expect(model.attributes.neckline).toEqual({
      supported: false,
      calibrated: false,
      threshold: null,
      precision: null,
      coverage: null,
    });
  });
});
