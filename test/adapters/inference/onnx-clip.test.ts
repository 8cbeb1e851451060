/** The local CLIP against what transformers computes with the same tiny models: test/fixtures/onnx-clip/make.py. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSharpReader } from '../../../src/adapters/image/sharp.ts';
import { openOnnxClip } from '../../../src/adapters/inference/onnx-clip/open-onnx-clip.ts';
import {
  preprocessingOf,
  preprocessorConfig,
} from '../../../src/adapters/inference/onnx-clip/preprocessing.ts';
import { openTokenizer } from '../../../src/adapters/inference/onnx-clip/tokenizer.ts';
import type { ClipModel } from '../../../src/application/ports-clip.ts';

const fixtures =
  process.env.ONNX_CLIP_FIXTURES ?? path.resolve(import.meta.dirname, '../../fixtures/onnx-clip');
const images = path.resolve(import.meta.dirname, '../../fixtures/images');
const limits = { maxBatch: 4, maxWaiting: 64, maxWaitingBytes: 2 ** 26, deadlineMs: 20_000 };
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, index) => sum + value * b[index]!, 0);

interface Reference {
  readonly texts: readonly { readonly text: string; readonly ids: number[]; readonly vector: number[] }[];
  readonly pictures: readonly { readonly file: string; readonly pixels: string; readonly vector: number[] }[];
  readonly prepared: { readonly config: Record<string, unknown>; readonly files: readonly string[] };
  readonly scale: number;
}
const read = (kind: string) =>
  JSON.parse(readFileSync(path.join(fixtures, `${kind}.json`), 'utf8')) as Reference;

describe.each([
  { kind: 'clip', context: 77, rule: 'as-is', dim: 20 },
  { kind: 'siglip', context: 64, rule: 'canonical', dim: 24 },
] as const)('a local $kind', ({ kind, context, rule, dim }) => {
  const directory = path.join(fixtures, kind);
  const wanted = read(kind);
  let model: ClipModel;
  beforeAll(async () => {
    model = await openOnnxClip({ directory, workers: 1, limits });
  });
  afterAll(() => model?.close());
  const size = 32;
  const picture = (pixels: string) => ({
    width: size,
    height: size,
    data: Uint8Array.from(Buffer.from(pixels, 'hex')),
  });

  test('says what it is', () => {
    expect(model.card).toMatchObject({ backend: 'onnx', id: `tiny-${kind}`, dim, license: 'Apache-2.0' });
    expect(model.card.input).toMatchObject(
      kind === 'clip' ? { size, fit: 'crop', resizeTo: size, cropOffset: 'floor' } : { size, fit: 'squash' },
    );
    expect(model.card.fingerprint).toMatch(/^[0-9a-f]{12}$/);
    expect(model.family).toBe(kind);
    expect(model.scale).toBeCloseTo(wanted.scale, 6);
  });

  test('prepares pictures as the reference does, within 0.3 of 255', async () => {
    const { config, files } = wanted.prepared;
    const { spec } = preprocessingOf(
      preprocessorConfig.parse({ ...config, image_mean: [0, 0, 0], image_std: [1, 1, 1] }),
    );
    expect(spec.size).toBe(95);
    const reader = createSharpReader({ concurrency: 1 });
    for (const file of files) {
      const { input } = await reader.prepare(readFileSync(path.join(images, file)), spec);
      const reference = await sharp(readFileSync(path.join(fixtures, `${kind}.${file}.png`)))
        .raw()
        .toBuffer();
      expect(input.data).toHaveLength(reference.length);
      const difference = reference.reduce((sum, value, i) => sum + Math.abs(value - input.data[i]!), 0);
      expect({ file, difference: difference / reference.length }).toSatisfy(
        (one: { difference: number }) => one.difference <= 0.3,
      );
    }
  });

  test('gives the vectors of pictures that the Python model gives, and tells pictures apart', async () => {
    const vectors = await Promise.all(wanted.pictures.map(({ pixels }) => model.embed(picture(pixels))));
    for (const [index, vector] of vectors.entries()) {
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
      expect(cosine(vector, wanted.pictures[index]!.vector)).toBeGreaterThan(0.9999);
    }
    expect(cosine(vectors[0]!, wanted.pictures[1]!.vector)).toBeLessThan(0.95);
  });

  test('reads every text as the same tokens: emoji, accents, other scripts, far too long', async () => {
    const tokenizer = await openTokenizer(directory, { contextLength: context, rule });
    for (const { text, ids } of wanted.texts) {
      const own = tokenizer.encode(text);
      const full = kind === 'clip' ? own : [...own, ...Array(context - own.length).fill(tokenizer.padId)];
      expect({ text, ids: full }).toEqual({ text, ids });
    }
    const cut = tokenizer.encode(wanted.texts.at(-2)!.text);
    expect(cut).toHaveLength(context);
    expect(cut.at(-1)).toBe(tokenizer.encode('x').at(-1));
  });

  test('gives the vectors of texts that the Python model gives, whatever they are batched with', async () => {
    const texts = wanted.texts.map(({ text }) => text);
    const vectors = await model.texts.encode(texts);
    const [alone] = await model.texts.encode([texts[1]!]);
    for (const [index, vector] of vectors.entries())
      expect(cosine(vector, wanted.texts[index]!.vector)).toBeGreaterThan(0.9999);
    expect(cosine(alone!, vectors[1]!)).toBeGreaterThan(0.99999);
    expect(cosine(vectors[0]!, wanted.texts[3]!.vector)).toBeLessThan(0.95);
  });

  test('a picture of another size is refused alone', async () => {
    const good = model.embed(picture(wanted.pictures[0]!.pixels));
    const bad = model.embed({ width: 2, height: 2, data: new Uint8Array(12) });
    await expect(bad).rejects.toMatchObject({ code: 'service.internal' });
    expect(await good).toHaveLength(dim);
  });
});

describe('a folder that does not fit is one sentence with the name of the file', () => {
  let folder: string;
  afterAll(() => rmSync(path.dirname(folder), { recursive: true, force: true }));
  const opened = (kind: string, change: (folder: string) => void) => {
    folder = path.join(mkdtempSync(path.join(tmpdir(), 'hangtag-onnx-')), kind);
    cpSync(path.join(fixtures, kind), folder, { recursive: true });
    change(folder);
    return openOnnxClip({ directory: folder, workers: 1, limits });
  };
  const without = (name: string) => (at: string) => rmSync(path.join(at, name));
  const changed = (name: string, change: (value: Record<string, unknown>) => void) => (at: string) => {
    const value = JSON.parse(readFileSync(path.join(at, name), 'utf8')) as Record<string, unknown>;
    change(value);
    writeFileSync(path.join(at, name), JSON.stringify(value));
  };

  test.each([
    [
      'no text tower',
      'clip',
      without('onnx/text_model.onnx'),
      /lacks onnx\/vision_model\.onnx and onnx\/text_model\.onnx/,
    ],
    ['no tokenizer', 'clip', without('tokenizer.json'), /lacks tokenizer\.json/],
    ['no preprocessing', 'clip', without('preprocessor_config.json'), /lacks preprocessor_config\.json/],
    [
      'a SigLIP whose scale nobody knows',
      'siglip',
      without('hangtag.json'),
      /hangtag\.json must give logit_scale/,
    ],
    [
      'another architecture',
      'clip',
      changed('config.json', (c) => (c.model_type = 'blip')),
      /config\.json: model_type blip/,
    ],
    [
      'a kernel that hangtag has not',
      'clip',
      changed('preprocessor_config.json', (c) => (c.resample = 0)),
      /preprocessor_config\.json: resample 0 \(nearest\)/,
    ],
    [
      'an input that is not square',
      'clip',
      changed('preprocessor_config.json', (c) => (c.do_center_crop = false)),
      /preprocessor_config\.json: .*not be square/,
    ],
    [
      'a size that the graph does not take',
      'siglip',
      changed('preprocessor_config.json', (c) => (c.size = { height: 48, width: 48 })),
      /vision_model\.onnx .*cannot be used/,
    ],
    [
      'a graph that is none',
      'clip',
      (at: string) => writeFileSync(path.join(at, 'onnx/vision_model.onnx'), 'no'),
      /vision_model\.onnx .*cannot be used/,
    ],
    [
      'towers of two models',
      'clip',
      (at: string) =>
        cpSync(path.join(fixtures, 'siglip/onnx/vision_model.onnx'), path.join(at, 'onnx/vision_model.onnx')),
      /no output image_embeds/,
    ],
  ] as const)('%s', async (_, kind, change, message) => {
    await expect(opened(kind, change)).rejects.toThrow(message);
  });

  test('a CLIP without hangtag.json has the scale that CLIP trains to; its tokens count for the fingerprint', async () => {
    const plain = await opened('clip', without('hangtag.json'));
    const other = await opened(
      'clip',
      changed('preprocessor_config.json', (c) => (c.image_mean = [0, 0, 0])),
    );
    expect(plain.scale).toBe(100);
    expect(plain.card.license).toMatch(/not stated/);
    expect(other.card.fingerprint).not.toBe(plain.card.fingerprint);
    await Promise.all([plain.close(), other.close()]);
  });

  test('all in one folder, and quantized alone', async () => {
    const flat = await opened('clip', (at) => {
      for (const tower of ['vision', 'text']) {
        cpSync(path.join(at, `onnx/${tower}_model.onnx`), path.join(at, `${tower}_model_quantized.onnx`));
      }
      rmSync(path.join(at, 'onnx'), { recursive: true });
    });
    expect(flat.card.dim).toBe(20);
    await flat.close();
  });
});
