/** The model that ships with hangtag: a small CNN in worker threads and the class vectors it was trained with. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ImageModel, QueueWatch } from '../../application/ports.ts';
import { bankOf, classifierFile } from './classifier-file.ts';
import { createOnnxPool, packPixels } from './onnx-pool.ts';
import { type BatcherLimits, createBatcher } from './slot-batcher.ts';

export interface BundledModelOptions {
  /** Folder with `model.onnx` and `bank.json`. */
  readonly directory: string;
  /** Worker threads, one core each. */
  readonly workers: number;
  readonly limits: Omit<BatcherLimits, 'slots'>;
  readonly watch?: QueueWatch;
}

export async function createBundledModel({
  directory,
  workers,
  limits,
  watch,
}: BundledModelOptions): Promise<ImageModel> {
  const modelFile = path.join(directory, 'model.onnx');
  const [weights, bankText] = await Promise.all([
    readFile(modelFile),
    readFile(path.join(directory, 'bank.json')),
  ]);
  const file = classifierFile.parse(JSON.parse(bankText.toString('utf8')));
  // Weights, class vectors and preprocessing: whatever changes a vector or its meaning changes the fingerprint.
  const fingerprint = createHash('sha256').update(weights).update(bankText).digest('hex').slice(0, 12);
  const pool = await createOnnxPool({
    setup: { modelFile, tower: { kind: 'raw', size: file.input.size } },
    workers,
    pack: packPixels,
  });
  if (pool.dim !== file.dim)
    throw new Error(`model.onnx gives ${pool.dim} numbers, bank.json says ${file.dim}`);
  const batcher = createBatcher<Uint8Array, Float32Array>({ ...limits, slots: workers }, pool.run, watch);
  const card = {
    backend: 'bundled',
    id: file.id,
    fingerprint,
    license: file.license,
    dim: file.dim,
    input: file.input,
    refuses: file.refuses,
  } as const;
  return {
    card,
    embed: (input, signal) => batcher.submit(input.data, input.data.byteLength, signal),
    bank: async (taxonomy) => bankOf(file, `${file.id}@${fingerprint}`, taxonomy),
    async close() {
      batcher.close();
      await pool.close();
    },
  };
}
