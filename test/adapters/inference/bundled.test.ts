import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBundledModel } from '../../../src/adapters/inference/bundled.ts';
import { createOnnxPool, packPixels } from '../../../src/adapters/inference/onnx-pool.ts';
import { createFileTaxonomySource } from '../../../src/adapters/taxonomy/files.ts';
import type { ImageModel } from '../../../src/application/ports.ts';
import { longRuns } from '../../long-runs.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const directory = path.join(root, 'models/bundled');
const limits = { maxBatch: 4, maxWaiting: 64, maxWaitingBytes: 2 ** 26, deadlineMs: 20_000 };
let model: ImageModel;

beforeAll(async () => {
  model = await createBundledModel({ directory, workers: 1, limits });
});
afterAll(() => model.close());

/** The four pictures of golden.json, by the formulas that export.py draws them with. */
function picture(name: string) {
  const size = model.card.input.size;
  const data = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const pixel =
        name === 'ramp'
          ? [x * 2, y * 2, 255 - x - y]
          : name === 'stripes'
            ? [(Math.floor(x / 8) % 2) * 255, (Math.floor(y / 16) % 2) * 200, 40]
            : name === 'tee'
              ? teeShirt(x, y)
              : [0, 0, 0];
      data.set(
        pixel.map((value) => ((value % 256) + 256) % 256),
        (y * size + x) * 3,
      );
    }
  }
  return { width: size, height: size, data };
}

function teeShirt(x: number, y: number): number[] {
  const side = Math.abs(x - 64);
  return (side < 28 && y > 30 && y < 110) || (side < 50 && y > 30 && y < 58) ? [30, 40, 90] : [250, 250, 250];
}

const golden = JSON.parse(readFileSync(path.join(directory, 'golden.json'), 'utf8')) as Record<
  string,
  number[]
>;

describe('the bundled model', () => {
  test.each(Object.keys(golden))('computes what the trained network computed: %s', async (name) => {
    const vector = await model.embed(picture(name));
    expect(vector).toHaveLength(model.card.dim);
    expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
    const cosine = vector.reduce((sum, x, index) => sum + x * golden[name]![index]!, 0);
    expect(cosine).toBeGreaterThan(0.9995);
  });

  test('the pictures are told apart, so the test above can fail', async () => {
    const vector = await model.embed(picture('black'));
    const cosine = vector.reduce((sum, x, index) => sum + x * golden.tee![index]!, 0);
    expect(cosine).toBeLessThan(0.6);
  });

  test('a vector does not depend on what it was batched with', async () => {
    const alone = await model.embed(picture('ramp'));
    const crowd = await Promise.all(
      ['black', 'ramp', 'stripes', 'ramp', 'black', 'ramp'].map((name) => model.embed(picture(name))),
    );
    for (const index of [1, 3, 5]) {
      const cosine = crowd[index]!.reduce((sum, x, i) => sum + x * alone[i]!, 0);
      expect(cosine).toBeGreaterThan(0.99999);
    }
  });

  test('its bank fits the taxonomy: every class is a category or the class of nothing, unit vectors, one scale', async () => {
    const source = createFileTaxonomySource({
      directory: path.join(root, 'taxonomy'),
      calibrationDirectory: path.join(root, 'calibration'),
    });
    const taxonomy = await source.load();
    const bank = await model.bank(taxonomy);
    expect(bank.model).toBe(`${model.card.id}@${model.card.fingerprint}`);
    expect(bank.categories.values.ids).toHaveLength(17);
    expect(bank.categories.nulls.ids.length).toBeGreaterThan(0);
    expect([...bank.supported]).toEqual(['sleeve-length']);
    expect(bank.attribute('neckline', 'top')).toBeUndefined();
    for (const group of [bank.categories.values, bank.attribute('sleeve-length', 'top')!.values]) {
      group.ids.forEach((_, row) => {
        expect(Math.hypot(...group.data.subarray(row * bank.dim, (row + 1) * bank.dim))).toBeCloseTo(1, 4);
      });
    }
    expect(await source.calibration(model.card.id, taxonomy)).toMatchObject({ model: model.card.id });
  });

  test('a taxonomy that lacks what the model names is refused with the names', async () => {
    const source = createFileTaxonomySource({
      directory: path.join(root, 'taxonomy'),
      calibrationDirectory: root,
    });
    const taxonomy = await source.load();
    const categoryById = new Map(taxonomy.categoryById);
    categoryById.delete('t-shirt');
    await expect(model.bank({ ...taxonomy, categoryById })).rejects.toThrow(/t-shirt/);
  });

  test('many at once are all answered', async () => {
    const names = Array.from({ length: 40 }, (_, index) => ['black', 'ramp', 'stripes'][index % 3]!);
    const vectors = await Promise.all(names.map((name) => model.embed(picture(name))));
    expect(vectors).toHaveLength(40);
  });

  test('pictures of the wrong size fail alone; what comes after is answered', async () => {
    const wrong = { width: 4, height: 4, data: new Uint8Array(4 * 4 * 3) };
    await expect(model.embed(wrong)).rejects.toMatchObject({ code: 'inference.unavailable' });
    expect(await model.embed(picture('tee'))).toHaveLength(model.card.dim);
  });

  test('a file that is no model, or none at all, is an error at start and leaves no thread behind', async () => {
    const open = (modelFile: string) =>
      createOnnxPool({
        setup: { modelFile, tower: { kind: 'raw', size: 128 } },
        workers: 2,
        pack: packPixels,
      });
    await expect(open(path.join(root, 'package.json'))).rejects.toThrow();
    await expect(open('/nowhere/model.onnx')).rejects.toThrow();
  });

  test('closed in the middle of its work it finishes that, and the process lives', async () => {
    const turns = longRuns ? 6 : 2;
    const program = ['--import', 'tsx', path.join(import.meta.dirname, 'closing-midway.ts'), String(turns)];
    const { stdout } = await promisify(execFile)(process.execPath, program);
    expect(stdout.trim().split('\n')).toEqual(Array.from({ length: turns }, () => 'fulfilled fulfilled'));
  }, 30_000);

  test('onnxruntime reports to nobody: its uploader, which leaves a log of this name, is never created', () => {
    expect(process.env.ORT_DISABLE_TELEMETRY).toBe('1');
    expect(existsSync(path.join(tmpdir(), `mat-debug-${process.pid}.log`))).toBe(false);
  });
});
