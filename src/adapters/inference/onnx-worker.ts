/**
 * The worker thread that owns onnxruntime: `run()` blocks the thread that calls it (onnxruntime-node 1.30), so it never
 * runs where requests are served. The only file that imports onnxruntime-node. What goes into a graph and what is taken
 * from it is the tower's business.
 */
import { parentPort, workerData } from 'node:worker_threads';
import ort from 'onnxruntime-node';
import { openPictureTower, type PictureTowerSetup } from './onnx-clip/picture-tower.ts';
import { openTextTower, type TextTowerSetup } from './onnx-clip/text-tower.ts';
import { type Graph, openRawTower, type RawTowerSetup, type Tower, type WorkItems } from './onnx-tower.ts';

export interface WorkerSetup {
  readonly modelFile: string;
  readonly tower: RawTowerSetup | PictureTowerSetup | TextTowerSetup;
}

export interface WorkerTask {
  readonly id: number;
  readonly items: WorkItems;
}

/** No more tasks come: the thread ends by itself, because native code that is cut off takes the process with it. */
export interface WorkerEnd {
  readonly end: true;
}

/** `vectors`: one for each item, one after the other. A message without an id says that the model is loaded. */
export type WorkerReply =
  | { readonly ready: true; readonly dim: number }
  | { readonly id: number; readonly vectors: Float32Array }
  | { readonly id: number; readonly error: string };

const { modelFile, tower: setup } = workerData as WorkerSetup;
const session = await ort.InferenceSession.create(modelFile, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  logSeverityLevel: 3,
});
const tower = await openTower({
  inputs: ports(session.inputMetadata),
  outputs: ports(session.outputMetadata),
});

function ports(metadata: readonly ort.InferenceSession.ValueMetadata[]): Graph['inputs'] {
  return metadata.map((port) =>
    port.isTensor
      ? { name: port.name, type: port.type, shape: port.shape }
      : { name: port.name, type: 'other', shape: [] },
  );
}

async function openTower(graph: Graph): Promise<Tower> {
  if (setup.kind === 'raw') return openRawTower(setup, graph);
  return setup.kind === 'pictures' ? openPictureTower(setup, graph) : openTextTower(setup, graph);
}

async function embed(items: WorkItems): Promise<Float32Array> {
  const feeds = tower
    .feeds(items)
    .map(({ name, type, data, dims }) => [name, new ort.Tensor(type, data, dims)] as const);
  const result = await session.run(Object.fromEntries(feeds), [tower.output]);
  const { data, dims } = result[tower.output]!;
  return tower.vectors(data as Float32Array | Uint16Array, dims);
}

function reply(message: WorkerReply): void {
  parentPort!.postMessage(message);
}

async function work({ id, items }: WorkerTask): Promise<void> {
  try {
    reply({ id, vectors: await embed(items) });
  } catch (error) {
    reply({ id, error: error instanceof Error ? error.message : String(error) });
  }
}

let working: Promise<void> = Promise.resolve();
parentPort!.on('message', (message: WorkerTask | WorkerEnd) => {
  if ('end' in message) void working.then(() => parentPort!.close());
  else working = work(message);
});

// A first real run, of two items: what cannot infer, or cannot in batches, is not ready.
const dim = (await embed(tower.first)).length / 2;
reply({ ready: true, dim });
