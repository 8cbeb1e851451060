/**
 * A CLIP or SigLIP in this process, from a folder with a public ONNX export: the image tower in worker threads with slot
 * batching, the text tower in a thread of its own. Everything that is missing or does not fit is one sentence at start.
 */
import path from 'node:path';
import type { QueueWatch } from '../../../application/ports.ts';
import type { ClipModel } from '../../../application/ports-clip.ts';
import { HangtagError } from '../../../domain/errors.ts';
import { createOnnxPool, type OnnxPoolOptions, packPixels } from '../onnx-pool.ts';
import { type BatcherLimits, createBatcher } from '../slot-batcher.ts';
import { readModelFacts } from './model-facts.ts';
import { findModelFiles, fingerprintOf, type Variant } from './model-folder.ts';

export interface OnnxClipOptions {
  /** Folder of the export: docs/models.md. */
  readonly directory: string;
  /** null: the first that is there for both towers, in the order fp32, fp16, quantized. */
  readonly variant?: Variant | null;
  /** Worker threads of the image tower, one core each. */
  readonly workers: number;
  readonly limits: Omit<BatcherLimits, 'slots'>;
  readonly watch?: QueueWatch;
}

/** Texts in one call, and in one run of the text tower. */
const maxTexts = 64;
const textsAtOnce = 16;
/** Milliseconds for a call: texts are asked for in the background, and a large tower takes 100 ms for each. */
const textsMs = 120_000;

export async function openOnnxClip(options: OnnxClipOptions): Promise<ClipModel> {
  const { directory, workers, limits, watch } = options;
  const files = await findModelFiles(directory, options.variant ?? null);
  const facts = await readModelFacts(directory);
  const { preprocessing, family, contextLength, rule } = facts;
  const { spec, ...numbers } = preprocessing;
  const fingerprint = await fingerprintOf(files, { preprocessing, family, contextLength, rule });
  // CLIP's pooled output lies before the projection into the common space: only SigLIP's towers end with it.
  const outputs = (own: string) => (family === 'clip' ? [own] : [own, 'pooler_output']);
  const images = await open<Uint8Array>(files.vision, {
    setup: {
      modelFile: files.vision,
      tower: { kind: 'pictures', size: spec.size, ...numbers, outputs: outputs('image_embeds') },
    },
    workers,
    pack: packPixels,
  });
  const texts = await open<string>(files.text, {
    setup: {
      modelFile: files.text,
      tower: { kind: 'texts', directory, contextLength, family, rule, outputs: outputs('text_embeds') },
    },
    workers: 1,
    pack: (items) => ({ texts: items }),
  }).catch(async (error) => {
    await images.close();
    throw error;
  });
  if (images.dim !== texts.dim) {
    await Promise.all([images.close(), texts.close()]);
    throw new Error(
      `${files.vision} gives ${images.dim} numbers, ${files.text} gives ${texts.dim}: they are no pair.`,
    );
  }
  const pictureQueue = createBatcher<Uint8Array, Float32Array>(
    { ...limits, slots: workers },
    images.run,
    watch,
  );
  const textQueue = createBatcher<string, Float32Array>(
    {
      slots: 1,
      maxBatch: textsAtOnce,
      maxWaiting: 64 * maxTexts,
      maxWaitingBytes: 2 ** 24,
      deadlineMs: textsMs,
    },
    texts.run,
  );
  const pixelBytes = spec.size * spec.size * 3;
  return {
    card: {
      backend: 'onnx',
      id: facts.id,
      fingerprint,
      license: facts.license,
      dim: images.dim,
      input: spec,
      refuses: [],
    },
    scale: facts.scale,
    family,
    async embed(input, signal) {
      // Checked for each alone: in a batch it would fail its neighbours.
      if (input.data.byteLength !== pixelBytes)
        throw new HangtagError('service.internal', `The model takes ${spec.size} x ${spec.size} pixels.`);
      return pictureQueue.submit(input.data, pixelBytes, signal);
    },
    texts: {
      maxTexts,
      encode: (wanted, signal) =>
        Promise.all(wanted.map((text) => textQueue.submit(text, text.length * 2, signal))),
    },
    async close() {
      pictureQueue.close();
      textQueue.close();
      await Promise.all([images.close(), texts.close()]);
    },
  };
}

/** The pool, or what is wrong with its file in one sentence. */
async function open<I>(file: string, options: OnnxPoolOptions<I>) {
  try {
    return await createOnnxPool(options);
  } catch (error) {
    const cause = error instanceof Error && error.cause ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${path.basename(file)} of ${path.dirname(file)} cannot be used: ${reason}`, {
      cause: error,
    });
  }
}
