import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { layInto, splitAlpha } from '../../../src/adapters/image/compose.ts';
import { firstStep, placeInput, roundHalfEven, thumbnailSize } from '../../../src/adapters/image/geometry.ts';
import { createSharpReader } from '../../../src/adapters/image/sharp.ts';

const side = fc.integer({ min: 16, max: 9000 });
const size = fc.integer({ min: 32, max: 512 });

describe('placing a picture', () => {
  test.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [2.4, 2],
    [2.6, 3],
    [-0.5, 0],
  ])('%f rounds to %i', (value, expected) => expect(roundHalfEven(value) + 0).toBe(expected));

  test.each([
    [400, 533, 'crop', { width: 224, height: 298, left: 0, top: -37 }],
    [401, 266, 'crop', { width: 337, height: 224, left: -56, top: 0 }],
    [400, 533, 'squash', { width: 224, height: 224, left: 0, top: 0 }],
    [400, 533, 'pad', { width: 168, height: 224, left: 28, top: 0 }],
    [16, 800, 'pad', { width: 4, height: 224, left: 110, top: 0 }],
  ] as const)('%i x %i as %s', (width, height, fit, expected) => {
    expect(placeInput(width, height, { size: 224, fit, kernel: 'cubic' })).toEqual(expected);
  });

  test.each([
    ['half-even', -2, -4],
    ['floor', -2, -3],
  ] as const)('where an odd number is left over: %s', (cropOffset, of5, of7) => {
    const spec = { size: 224, fit: 'crop', kernel: 'cubic', cropOffset } as const;
    expect(placeInput(229, 224, spec).left).toBe(of5);
    expect(placeInput(224, 231, spec).top).toBe(of7);
  });

  test('the shorter side goes to resizeTo, and the middle is taken in both directions', () => {
    const spec = { size: 224, fit: 'crop', kernel: 'cubic', resizeTo: 256 } as const;
    expect(placeInput(400, 500, spec)).toEqual({ width: 256, height: 320, left: -16, top: -48 });
  });

  test('a crop covers the square, a pad fits into it, and both touch two sides', () => {
    fc.assert(
      fc.property(side, side, size, (width, height, size) => {
        const crop = placeInput(width, height, { size, fit: 'crop', kernel: 'cubic' });
        expect(Math.min(crop.width, crop.height)).toBe(size);
        expect([crop.left <= 0, crop.left + crop.width >= size]).toEqual([true, true]);
        expect([crop.top <= 0, crop.top + crop.height >= size]).toEqual([true, true]);
        const pad = placeInput(width, height, { size, fit: 'pad', kernel: 'cubic' });
        expect(Math.max(pad.width, pad.height)).toBe(size);
        expect([pad.left >= 0, pad.left + pad.width <= size]).toEqual([true, true]);
      }),
    );
  });

  test('the first step is near the goal and never larger than the picture; its last resize stays below four times', () => {
    fc.assert(
      fc.property(side, side, size, (width, height, size) => {
        const step = firstStep({ width, height }, { width: size, height: size });
        for (const [from, s] of [
          [width, step.width],
          [height, step.height],
        ] as const)
          expect(from <= size ? s === from : s === size || (s > size && s < 4 * size && s <= from)).toBe(
            true,
          );
      }),
    );
  });

  test('a thumbnail keeps proportions and never grows', () => {
    expect(thumbnailSize(400, 533, 96)).toEqual({ width: 72, height: 96 });
    expect(thumbnailSize(50, 40, 96)).toEqual({ width: 50, height: 40 });
    expect(thumbnailSize(5000, 100, 96)).toEqual({ width: 96, height: 2 });
  });
});

describe('transparency and padding', () => {
  test('what is transparent becomes white for the model and stays known as alpha', () => {
    const data = Uint8Array.from([10, 20, 30, 255, 10, 20, 30, 0, 0, 0, 0, 128]);
    const { pixels, alpha } = splitAlpha({ width: 3, height: 1, channels: 4, data });
    expect([...pixels.data]).toEqual([10, 20, 30, 255, 255, 255, 127, 127, 127]);
    expect([...alpha!]).toEqual([255, 0, 128]);
  });

  test('grey becomes three channels, and opaque alpha none', () => {
    const { pixels, alpha } = splitAlpha({
      width: 2,
      height: 1,
      channels: 2,
      data: Uint8Array.from([9, 255, 7, 255]),
    });
    expect([...pixels.data]).toEqual([9, 9, 9, 7, 7, 7]);
    expect(alpha).toBeNull();
  });

  test('a pad is filled with the colour of the border', () => {
    const pixels = { width: 2, height: 4, data: new Uint8Array(24).fill(77) };
    expect([
      ...layInto(4, pixels, { width: 2, height: 4, left: 1, top: 0 }, [9, 8, 7]).data.subarray(0, 3),
    ]).toEqual([9, 8, 7]);
    const laid = layInto(4, pixels, { width: 2, height: 4, left: 1, top: 0 });
    expect([...laid.data]).toEqual(Array(48).fill(77));
  });

  test('a cut-out PNG gives the opacity of its thumbnail', async () => {
    const disc = Buffer.alloc(80 * 60 * 4);
    for (let i = 0; i < 80 * 60; i++) disc.set([200, 30, 30, i % 80 < 40 ? 255 : 0], i * 4);
    const bytes = await sharp(disc, { raw: { width: 80, height: 60, channels: 4 } })
      .png()
      .toBuffer();
    const reader = createSharpReader({ concurrency: 1 });
    const { input, thumbnail, alpha } = await reader.prepare(bytes, {
      size: 40,
      fit: 'pad',
      kernel: 'cubic',
    });
    expect(alpha).toHaveLength(thumbnail.width * thumbnail.height);
    expect([alpha![30 * 80 + 5], alpha![30 * 80 + 75]]).toEqual([255, 0]);
    expect([...input.data.subarray((20 * 40 + 5) * 3, (20 * 40 + 5) * 3 + 3)]).toEqual([200, 30, 30]);
    expect([...input.data.subarray((20 * 40 + 35) * 3, (20 * 40 + 35) * 3 + 3)]).toEqual([255, 255, 255]);
  });

  test('a transferred input leaves the thumbnail whole', async () => {
    const bytes = await sharp({ create: { width: 96, height: 96, channels: 3, background: '#a03' } })
      .png()
      .toBuffer();
    const { input, thumbnail } = await createSharpReader({ concurrency: 1 }).prepare(bytes, {
      size: 96,
      fit: 'squash',
      kernel: 'cubic',
    });
    structuredClone(input.data, { transfer: [input.data.buffer as ArrayBuffer] });
    expect(input.data).toHaveLength(0);
    expect(thumbnail.data).toHaveLength(96 * 96 * 3);
  });
});
