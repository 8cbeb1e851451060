/**
 * Threads that each hold the meaning and decide one block at a time. Blocks wait in a bounded queue; a thread that dies takes the
 * block that it had with it, which is refused, and is replaced by the next one that needs it.
 */
import { Worker } from 'node:worker_threads';
import type { Rescorer, RescoringInput, RescoringOutcome } from '../../application/ports-rescoring.ts';
import type { Meaning } from '../../domain/tagging/decide-product.ts';
import { type MeaningData, packMeaning } from './meaning-data.ts';
import { cancelled, crowded, died, stopped } from './refusals.ts';
import type { BlockReply, BlockTask } from './rescoring-worker.ts';

export interface RescoringPoolOptions {
  /** Its bank has all of its vectors. */
  readonly meaning: Meaning;
  readonly threads: number;
  /** Blocks that may wait for a thread. */
  readonly maxWaiting: number;
  /** Told of every thread that died. */
  readonly onDeath?: (cause: unknown) => void;
  /** Our own worker unless told. */
  readonly start?: (data: MeaningData) => Worker;
}

interface Waiting {
  readonly block: readonly RescoringInput[];
  readonly provenance: BlockTask['provenance'];
  resolve(outcomes: readonly RescoringOutcome[]): void;
  reject(error: unknown): void;
}

interface Lane {
  worker: Worker | null;
  task: (Waiting & { readonly id: number }) | null;
}

export interface RescoringPool extends Rescorer {
  /** Blocks that wait and that are worked. */
  depth(): { readonly waiting: number; readonly running: number };
}

export function createRescoringPool(options: RescoringPoolOptions): RescoringPool {
  const { threads, maxWaiting, onDeath, start = startThread } = options;
  const data = packMeaning(options.meaning);
  const lanes: Lane[] = Array.from({ length: threads }, () => ({ worker: null, task: null }));
  let queue: Waiting[] = [];
  let closing: Promise<void> | null = null;
  let idle: (() => void) | null = null;
  let nextId = 0;
  const running = () => lanes.filter(({ task }) => task !== null).length;

  function pump(): void {
    for (const lane of lanes) {
      if (lane.task !== null) continue;
      const next = queue.shift();
      if (!next) break;
      const id = nextId++;
      lane.task = { ...next, id };
      lane.worker ??= open(lane);
      const task: BlockTask = { id, block: next.block, provenance: next.provenance };
      lane.worker.ref();
      lane.worker.postMessage(task);
    }
    if (running() === 0) idle?.();
  }

  function settle(lane: Lane, by: (task: Waiting) => void): void {
    const { task } = lane;
    lane.task = null;
    if (task) by(task);
    pump();
  }

  function open(lane: Lane): Worker {
    const worker = start(data);
    worker.on('message', ({ id, outcomes }: BlockReply) => {
      // An idle thread keeps no process alive.
      worker.unref();
      if (lane.task?.id === id) settle(lane, (task) => task.resolve(outcomes));
    });
    const die = (cause: unknown) => {
      if (lane.worker !== worker) return;
      lane.worker = null;
      if (!closing || lane.task) onDeath?.(cause);
      settle(lane, (task) => task.reject(died(cause)));
    };
    worker.on('error', die);
    worker.on('messageerror', die);
    worker.on('exit', (code) => die(new Error(`exit code ${code}`)));
    return worker;
  }

  return {
    lanes: threads,
    depth: () => ({ waiting: queue.length, running: running() }),
    rescore(block, provenance, signal) {
      if (closing) return Promise.reject(stopped());
      if (signal?.aborted) return Promise.reject(cancelled(signal));
      if (running() === threads && queue.length >= maxWaiting) return Promise.reject(crowded());
      return new Promise((resolve, reject) => {
        const leave = () => {
          queue = queue.filter((other) => other !== waiting);
          reject(cancelled(signal!));
        };
        const waiting: Waiting = {
          block,
          provenance,
          resolve(outcomes) {
            signal?.removeEventListener('abort', leave);
            resolve(outcomes);
          },
          reject(error) {
            signal?.removeEventListener('abort', leave);
            reject(error);
          },
        };
        signal?.addEventListener('abort', leave, { once: true });
        queue.push(waiting);
        pump();
      });
    },
    close() {
      closing ??= (async () => {
        const refused = queue;
        queue = [];
        for (const waiting of refused) waiting.reject(stopped());
        if (running() > 0) {
          await new Promise<void>((resolve) => {
            idle = resolve;
          });
        }
        await Promise.all(lanes.map(({ worker }) => worker?.terminate()));
      })();
      return closing;
    },
  };
}

/** Compiled, the worker stands beside this file as .js; run from source, as the tests do, tsx loads the .ts. */
function startThread(workerData: MeaningData): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./rescoring-worker.js', import.meta.url), { workerData });
  const file = JSON.stringify(new URL('./rescoring-worker.ts', import.meta.url).href);
  const load = `import('tsx/esm/api').then(({ tsImport }) => tsImport(${file}, ${file}))`;
  return new Worker(load, { eval: true, workerData });
}
