/**
 * The worker thread that owns onnxruntime: `run()` blocks the thread that calls it (onnxruntime-node 1.30), so it never
 * runs where requests are served. The only file that imports onnxruntime-node.
 */
import { parentPort, workerData } from 'node:worker_threads';
import ort from 'onnxruntime-node';

export interface WorkerSetup {
  readonly modelFile: string;
  /** Side of the square input, pixels. */
  readonly size: number;
}

/** `pixels`: count pictures of size x size x 3 bytes, one after the other. */
export interface WorkerTask {
  readonly id: number;
  readonly count: number;
  readonly pixels: Uint8Array;
}

/** `vectors`: count vectors, one after the other. A message without an id says that the model is loaded. */
export type WorkerReply =
  | { readonly ready: true; readonly dim: number }
  | { readonly id: number; readonly vectors: Float32Array }
  | { readonly id: number; readonly error: string };

const { modelFile, size } = workerData as WorkerSetup;
const session = await ort.InferenceSession.create(modelFile, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  logSeverityLevel: 3,
});
const input = session.inputNames[0]!;
const output = session.outputNames[0]!;

async function embed(count: number, pixels: Uint8Array): Promise<Float32Array> {
  const result = await session.run({ [input]: new ort.Tensor('uint8', pixels, [count, size, size, 3]) });
  return result[output]!.data as Float32Array;
}

function reply(message: WorkerReply): void {
  parentPort!.postMessage(message);
}

parentPort!.on('message', async ({ id, count, pixels }: WorkerTask) => {
  try {
    reply({ id, vectors: await embed(count, pixels) });
  } catch (error) {
    reply({ id, error: error instanceof Error ? error.message : String(error) });
  }
});

// A first real run: what cannot infer is not ready.
const dim = (await embed(1, new Uint8Array(size * size * 3))).length;
reply({ ready: true, dim });
