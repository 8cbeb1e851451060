/** Worker threads around one ONNX model: started together, each one batch at a time, replaced when one dies. */
import { Worker } from 'node:worker_threads';
import { HangtagError } from '../../domain/errors.ts';
import type { WorkItems } from './onnx-tower.ts';
import type { WorkerEnd, WorkerReply, WorkerSetup, WorkerTask } from './onnx-worker.ts';

export interface OnnxPool<I> {
  /** Numbers in a vector. */
  readonly dim: number;
  /** Gives unit vectors in the order of the items. Refuses where no worker is free. */
  run(items: readonly I[]): Promise<readonly Float32Array[]>;
  close(): Promise<void>;
}

interface Lane {
  worker: Worker;
  readonly ready: Promise<number>;
  task: { id: number; resolve(vectors: Float32Array): void; reject(error: unknown): void } | null;
  dead: boolean;
}

/**
 * onnxruntime 1.30 reports usage to its maker over the network unless this is set before its library is loaded (its pull
 * request 27379). hangtag talks to nobody it was not told to. Set here, in the main thread, because a worker's
 * environment is a copy that native code does not see.
 */
function silenceTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY = '1';
}

export interface OnnxPoolOptions<I> {
  readonly setup: WorkerSetup;
  /** Worker threads, one core each. */
  readonly workers: number;
  pack(items: readonly I[]): WorkItems;
}

/** Rejects where the model cannot be loaded. */
export async function createOnnxPool<I>(options: OnnxPoolOptions<I>): Promise<OnnxPool<I>> {
  const { setup: data, workers, pack } = options;
  silenceTelemetry();
  const lanes: Lane[] = Array.from({ length: workers }, () => openLane(data));
  let closed = false;
  let nextId = 0;
  const dims = await Promise.all(lanes.map((lane) => lane.ready)).catch(async (error) => {
    await Promise.all(lanes.map(endLane));
    throw error;
  });

  async function run(items: readonly I[]): Promise<readonly Float32Array[]> {
    const index = lanes.findIndex((lane) => lane.task === null);
    if (closed || index < 0) throw unavailable('No worker of the model is free.');
    // A lane whose thread died is opened anew by the next batch that needs it.
    if (lanes[index]!.dead) lanes[index] = openLane(data);
    const lane = lanes[index]!;
    const vectors = await new Promise<Float32Array>((resolve, reject) => {
      const id = nextId++;
      lane.task = { id, resolve, reject };
      lane.ready.then(() => send(lane.worker, { id, items: pack(items) }), reject);
    }).finally(() => {
      lane.task = null;
    });
    const dim = vectors.length / items.length;
    return items.map((_, row) => vectors.slice(row * dim, (row + 1) * dim));
  }

  return {
    dim: dims[0]!,
    run,
    async close() {
      closed = true;
      await Promise.all(lanes.map(endLane));
    },
  };
}

/** Milliseconds. A batch in work is over long before, and so is the loading of a large model. */
const endsWithin = 30_000;

/**
 * Lets the thread finish what it does and end by itself. `terminate()` in the middle of a run makes onnxruntime-node
 * (1.30) throw where nobody can catch it, which ends the process: it is the last resort for a thread that hangs.
 */
async function endLane({ worker, dead }: Lane): Promise<void> {
  if (dead) return;
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  const end: WorkerEnd = { end: true };
  worker.postMessage(end);
  const hung = setTimeout(() => void worker.terminate(), endsWithin);
  await ended;
  clearTimeout(hung);
}

/** Pixels of a batch change hands and are not copied. */
function send(worker: Worker, task: WorkerTask): void {
  worker.postMessage(task, 'pixels' in task.items ? [task.items.pixels.buffer as ArrayBuffer] : []);
}

/** `pictures`: one Uint8Array of size * size * 3 bytes each. */
export function packPixels(pictures: readonly Uint8Array[]): WorkItems {
  const size = pictures[0]?.length ?? 0;
  const pixels = new Uint8Array(size * pictures.length);
  for (const [index, picture] of pictures.entries()) pixels.set(picture, index * size);
  return { count: pictures.length, pixels };
}

/** Compiled, the worker stands beside this file as .js; run from source, as the tests do, tsx loads the .ts. */
function startThread(workerData: WorkerSetup): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./onnx-worker.js', import.meta.url), { workerData });
  const file = JSON.stringify(new URL('./onnx-worker.ts', import.meta.url).href);
  const load = `import('tsx/esm/api').then(({ tsImport }) => tsImport(${file}, ${file}))`;
  return new Worker(load, { eval: true, workerData });
}

function openLane(data: WorkerSetup): Lane {
  const worker = startThread(data);
  worker.unref();
  let settle!: { resolve(dim: number): void; reject(error: unknown): void };
  const ready = new Promise<number>((resolve, reject) => {
    settle = { resolve, reject };
  });
  ready.catch(() => {});
  const lane: Lane = { worker, ready, task: null, dead: false };
  worker.on('message', (message: WorkerReply) => {
    if ('ready' in message) settle.resolve(message.dim);
    else if (lane.task?.id !== message.id) return;
    else if ('error' in message)
      lane.task.reject(unavailable('The model failed on this input.', message.error));
    else lane.task.resolve(message.vectors);
  });
  const die = (cause: unknown) => {
    lane.dead = true;
    const error = unavailable('The thread that runs the model stopped.', cause);
    settle.reject(error);
    lane.task?.reject(error);
  };
  worker.on('error', die);
  worker.on('exit', (code) => die(`exit code ${code}`));
  return lane;
}

function unavailable(detail: string, cause?: unknown): HangtagError {
  return new HangtagError('inference.unavailable', detail, { cause, retryAfter: 2 });
}
