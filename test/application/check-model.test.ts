import { describe, expect, test } from 'vitest';
import { type CheckedModel, checkModel } from '../../src/application/check-model.ts';
import type { Pixels } from '../../src/application/ports.ts';

/** Sees the mean colour: a CLIP of six words. */
const words: Readonly<Record<string, readonly [number, number, number]>> = {
  red: [1, -1, -1],
  green: [-1, 1, -1],
  blue: [-1, -1, 1],
  yellow: [1, 1, -1],
  black: [-1, -1, -1],
  white: [1, 1, 1],
};
const unit = (values: readonly number[]) =>
  Float32Array.from(values, (value) => value / Math.hypot(...values));

function seeing(changes: Partial<CheckedModel> = {}): CheckedModel {
  return {
    card: {
      backend: 'onnx',
      id: 'means',
      fingerprint: 'aaaaaaaaaaaa',
      license: 'none',
      dim: 3,
      input: { size: 4, fit: 'squash', kernel: 'cubic' },
      refuses: [],
    },
    embed: async ({ data, width, height }: Pixels) => {
      expect([width, height, data.length]).toEqual([4, 4, 48]);
      return unit([0, 1, 2].map((channel) => data[channel]! / 127.5 - 1 + 1e-3));
    },
    clip: {
      scale: 100,
      texts: {
        maxTexts: 64,
        encode: async (texts) =>
          texts.map((text) => unit(words[Object.keys(words).find((word) => text.includes(word))!]!)),
      },
    },
    ...changes,
  };
}

const wrong = async (model: CheckedModel, fingerprint: string | null = null) =>
  (await checkModel(model, fingerprint)).filter(({ well }) => !well).map(({ name }) => name);

describe('a known picture and its sentence', () => {
  test('a model that sees has nothing wrong, and says how many were right', async () => {
    const findings = await checkModel(seeing(), 'aaaaaaaaaaaa');
    expect(findings.filter(({ well }) => !well)).toEqual([]);
    expect(findings.map(({ name }) => name)).toContain('pictures and texts');
    expect(findings.at(-1)!.detail).toMatch(/^6 of 6/);
  });

  test('channels in the wrong order, or another text tower, are found', async () => {
    const { embed, clip } = seeing();
    const bgr: CheckedModel['embed'] = (input) =>
      embed({ ...input, data: input.data.map((_, at, all) => all[at - (at % 3) + 2 - (at % 3)]!) });
    expect(await wrong(seeing({ embed: bgr }))).toEqual(['pictures and texts']);
    const turned = async (texts: readonly string[]) => (await clip!.texts.encode(texts)).toReversed();
    expect(await wrong(seeing({ clip: { ...clip!, texts: { maxTexts: 64, encode: turned } } }))).toEqual([
      'pictures and texts',
    ]);
  });

  test('a blind model, vectors of other lengths, a strange scale', async () => {
    expect(await wrong(seeing({ embed: async () => unit([1, 2, 3]) }))).toEqual([
      'different pictures',
      'pictures and texts',
    ]);
    const { embed, clip } = seeing();
    const long: CheckedModel['embed'] = async (input) => (await embed(input)).map((value) => value * 2);
    expect(await wrong(seeing({ embed: long, clip: null }))).toEqual([
      'vectors of pictures',
      'different pictures',
    ]);
    expect(await wrong(seeing({ clip: { ...clip!, scale: 0.07 } }))).toEqual(['scale']);
  });

  test('another fingerprint than the expected one', async () => {
    const [first] = await checkModel(seeing(), 'bbbbbbbbbbbb');
    expect(first).toEqual({
      name: 'fingerprint',
      well: false,
      detail: 'aaaaaaaaaaaa, but bbbbbbbbbbbb was expected',
    });
  });
});
