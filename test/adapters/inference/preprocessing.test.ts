/** Which rules of preparing pictures are taken over, and which are refused with the reason. */
import { expect, test } from 'vitest';
import {
  preprocessingOf,
  preprocessorConfig,
} from '../../../src/adapters/inference/onnx-clip/preprocessing.ts';

const half = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };
const read = (config: object) => preprocessingOf(preprocessorConfig.parse({ ...half, ...config }));
const square = { size: { height: 224, width: 224 } };

test.each([
  [
    'CLIP as it is written now',
    {
      size: { shortest_edge: 224 },
      do_center_crop: true,
      crop_size: { height: 224, width: 224 },
      resample: 3,
    },
    { size: 224, fit: 'crop', resizeTo: 224, cropOffset: 'floor', kernel: 'cubic' },
  ],
  [
    'CLIP as it was written once',
    {
      feature_extractor_type: 'CLIPFeatureExtractor',
      size: 224,
      crop_size: 224,
      do_center_crop: true,
      resample: 3,
    },
    { size: 224, fit: 'crop', resizeTo: 224, cropOffset: 'floor', kernel: 'cubic' },
  ],
  [
    'a crop from a larger picture',
    {
      size: { shortest_edge: 256 },
      do_center_crop: true,
      crop_size: { height: 224, width: 224 },
      resample: 2,
    },
    { size: 224, fit: 'crop', resizeTo: 256, cropOffset: 'floor', kernel: 'linear' },
  ],
  [
    'SigLIP',
    { image_processor_type: 'SiglipImageProcessor', ...square, resample: 3, do_convert_rgb: null },
    { size: 224, fit: 'squash', kernel: 'cubic' },
  ],
  [
    'a single number means both sides there',
    { image_processor_type: 'SiglipImageProcessor', size: 256, resample: 1 },
    { size: 256, fit: 'squash', kernel: 'lanczos3' },
  ],
])('%s', (_, config, spec) => {
  expect(read(config).spec).toEqual(spec);
});

test('scale, mean and std are the ones written, or those that change nothing', () => {
  expect(read(square)).toMatchObject({ scale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
  expect(read({ ...square, do_normalize: false, rescale_factor: 0.01 })).toMatchObject({
    scale: 0.01,
    mean: [0, 0, 0],
    std: [1, 1, 1],
  });
  expect(read({ ...square, do_rescale: false }).scale).toBe(1);
});

test.each([
  [{ ...square, resample: 0 }, /nearest/],
  [{ ...square, resample: 5 }, /hamming/],
  [{ ...square, do_resize: false }, /do_resize/],
  [{ ...square, do_pad: true }, /do_pad/],
  [{ ...square, crop_pct: 0.9 }, /crop_pct/],
  [{ size: { height: 224, width: 196 } }, /no square/],
  [{ size: { shortest_edge: 224 } }, /not be square/],
  [{ size: { shortest_edge: 224 }, do_center_crop: true }, /crop_size has no/],
  [{ size: { shortest_edge: 200 }, do_center_crop: true, crop_size: 224 }, /larger than/],
  [{ size: { shortest_edge: 224, longest_edge: 400 }, do_center_crop: true, crop_size: 224 }, /longest_edge/],
  [{ ...square, do_center_crop: true, crop_size: 200 }, /cut down to 200/],
  [{}, /size is missing/],
  [{ ...square, image_mean: null }, /image_mean/],
])('%j is refused', (config, message) => {
  expect(() => read(config)).toThrow(message);
});
