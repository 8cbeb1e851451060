/**
 * preprocessor_config.json as hangtag prepares pictures. What cannot be prepared exactly is refused with the reason: a
 * picture prepared almost as in training costs accuracy, and nothing would tell.
 */
import { z } from 'zod';
import type { InputSpec } from '../../../application/ports.ts';

export interface Preprocessing {
  readonly spec: InputSpec;
  /** A channel's byte v goes in as (v * scale - mean) / std. */
  readonly scale: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

const side = z.int().min(16).max(2048);
const sides = z.union([side, z.looseObject({})]).nullish();
const flag = z.boolean().nullish();
const three = z.tuple([z.number(), z.number(), z.number()]);

export const preprocessorConfig = z.looseObject({
  image_processor_type: z.string().nullish(),
  feature_extractor_type: z.string().nullish(),
  do_resize: flag,
  size: sides,
  resample: z.int().nullish(),
  do_center_crop: flag,
  crop_size: sides,
  do_rescale: flag,
  rescale_factor: z.number().positive().nullish(),
  do_normalize: flag,
  image_mean: three.nullish(),
  image_std: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]).nullish(),
});
export type PreprocessorConfig = z.infer<typeof preprocessorConfig>;

/** Pillow's numbers. */
const kernels = new Map([
  [1, 'lanczos3'],
  [2, 'linear'],
  [3, 'cubic'],
] as const);
const unsupported = new Map([
  [0, 'nearest'],
  [4, 'box'],
  [5, 'hamming'],
]);
const known = ['do_resize', 'do_center_crop', 'do_rescale', 'do_normalize', 'do_convert_rgb'];
const squareTypes = /^(Siglip|ViT)(ImageProcessor|FeatureExtractor)/;

/** Throws with what hangtag cannot do; the caller adds the file's name. */
export function preprocessingOf(config: PreprocessorConfig): Preprocessing {
  const strange = Object.keys(config).find(
    (name) => /^do_/.test(name) && config[name] && !known.includes(name),
  );
  if (strange) throw new Error(`${strange} is a step that hangtag does not know.`);
  if (config.crop_pct) throw new Error('crop_pct is a rule of cropping that hangtag does not know.');
  if (config.do_resize === false) throw new Error('do_resize is false: hangtag always resizes.');
  const resample = config.resample ?? 3;
  const kernel = kernels.get(resample as 1 | 2 | 3);
  if (!kernel)
    throw new Error(
      `resample ${resample} (${unsupported.get(resample) ?? 'unknown'}) is not among lanczos (1), bilinear (2) and bicubic (3).`,
    );
  const normalize = config.do_normalize ?? true;
  if (normalize && !(config.image_mean && config.image_std))
    throw new Error('image_mean and image_std are missing.');
  return {
    spec: { ...fitOf(config), kernel },
    scale: (config.do_rescale ?? true) ? (config.rescale_factor ?? 1 / 255) : 1,
    mean: normalize ? config.image_mean! : [0, 0, 0],
    std: normalize ? config.image_std! : [1, 1, 1],
  };
}

function fitOf(config: PreprocessorConfig): Pick<InputSpec, 'size' | 'fit' | 'resizeTo' | 'cropOffset'> {
  const type = config.image_processor_type ?? config.feature_extractor_type ?? '';
  const given = config.size;
  const cropped = config.do_center_crop ?? false;
  if (given === null || given === undefined) throw new Error('size is missing.');
  // An older way to write it: the shorter side for CLIP, both sides for others.
  const shortest = typeof given === 'number' ? (squareTypes.test(type) ? null : given) : given.shortest_edge;
  const square = typeof given === 'number' ? (squareTypes.test(type) ? given : null) : squareOf(given);
  if (typeof given !== 'number' && given.longest_edge)
    throw new Error('size has a longest_edge: hangtag resizes by the shorter side, or to a square.');
  const cut = cropped ? cropOf(config.crop_size) : null;
  if (square !== null) {
    if (cut !== null && cut !== square)
      throw new Error(`a square of ${square} cut down to ${cut} is no rule that hangtag knows.`);
    return { size: square, fit: 'squash' };
  }
  const resizeTo = side.safeParse(shortest).data;
  if (resizeTo === undefined) throw new Error('size names neither height and width nor a shortest_edge.');
  if (cut === null)
    throw new Error('size has a shortest_edge but nothing is cropped: the input would not be square.');
  if (cut > resizeTo) throw new Error(`crop_size ${cut} is larger than shortest_edge ${resizeTo}.`);
  return { size: cut, fit: 'crop', resizeTo, cropOffset: 'floor' };
}

function cropOf(crop: PreprocessorConfig['crop_size']): number {
  const size = typeof crop === 'number' ? crop : crop ? squareOf(crop) : null;
  if (size === null) throw new Error('do_center_crop is set, but crop_size has no height and width.');
  return size;
}

function squareOf(given: Readonly<Record<string, unknown>>): number | null {
  if (given.height === undefined && given.width === undefined) return null;
  const height = side.safeParse(given.height).data;
  if (height === undefined || given.height !== given.width)
    throw new Error(`${given.height} x ${given.width} pixels are no square of 16 to 2048.`);
  return height;
}
