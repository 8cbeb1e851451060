/** Where a CLIP is: in this process, or on an endpoint. */
import { availableParallelism } from 'node:os';
import type { Runtime } from './adapters/inference/sagemaker/runtime.ts';
import type { ClipModel } from './application/ports-clip.ts';
import type { ModelPresence } from './application/run-operation.ts';
import { alwaysThere, insist, type ModelNeeds } from './composition-opened.ts';
import type { Config } from './config.ts';

/** A CLIP somewhere: how it is opened, and whether it answers since. */
export interface ClipPlace extends ModelPresence {
  open(signal?: AbortSignal): Promise<ClipModel>;
  close(): Promise<void>;
}

type PlaceNeeds = Pick<ModelNeeds, 'config' | 'meter'> & {
  /** The endpoint answers for another model than the one that was opened. */
  readonly onChanged: () => void;
};

export function placeOf(needs: PlaceNeeds): Promise<ClipPlace> {
  return needs.config.INFERENCE_BACKEND === 'onnx' ? localPlace(needs) : remotePlace(needs);
}

async function localPlace({ config, meter }: PlaceNeeds): Promise<ClipPlace> {
  const { openOnnxClip } = await import('./adapters/inference/onnx-clip/open-onnx-clip.ts');
  const clip = await openOnnxClip({
    directory: need(config.onnxModelDir),
    workers: workersOf(config),
    limits: localLimits(config),
    watch: meter.inferenceQueue,
  });
  insist(config, clip.card);
  return { open: async () => clip, ...alwaysThere, close: () => clip.close() };
}

/** The SDK is loaded only where it is used: that takes a while. */
export async function runtimeOf({ config, meter }: Pick<ModelNeeds, 'config' | 'meter'>): Promise<Runtime> {
  const { createRuntime } = await import('./adapters/inference/sagemaker/runtime.ts');
  return createRuntime({
    endpoint: need(config.SAGEMAKER_ENDPOINT),
    variant: config.SAGEMAKER_VARIANT ?? null,
    inferenceComponent: config.SAGEMAKER_INFERENCE_COMPONENT ?? null,
    region: config.SAGEMAKER_REGION ?? null,
    // Pictures, captions, and one to ask what the endpoint is.
    sockets: config.SAGEMAKER_CONCURRENCY + 2,
    watch: meter.endpoint(),
  });
}

async function remotePlace({ config, meter, onChanged }: PlaceNeeds): Promise<ClipPlace> {
  const { openClipEndpoint } = await import('./adapters/inference/sagemaker/clip-endpoint.ts');
  const slots = config.SAGEMAKER_CONCURRENCY;
  const runtime = await runtimeOf({ config, meter });
  let last: ClipModel | null = null;
  return {
    async open(signal) {
      await last?.close();
      const options = {
        runtime,
        maxPayload: config.SAGEMAKER_MAX_PAYLOAD,
        slots,
        deadlineMs: config.INFERENCE_TIMEOUT_MS,
        watch: meter.inferenceQueue,
        onChanged,
      };
      last = await openClipEndpoint(options, signal);
      return last;
    },
    away: runtime.reason,
    resting: runtime.resting,
    async close() {
      await last?.close();
      runtime.close();
    },
  };
}

/** `parseConfig` has seen to it. */
function need<T>(setting: T | null | undefined): T {
  if (setting === null || setting === undefined) throw new TypeError('a setting of the backend is missing');
  return setting;
}

export function workersOf(config: Config): number {
  return config.INFERENCE_WORKERS ?? Math.max(1, availableParallelism() - 1);
}

export function localLimits(config: Config) {
  return {
    maxBatch: 4,
    maxWaiting: 256,
    maxWaitingBytes: 64 * 2 ** 20,
    deadlineMs: config.INFERENCE_TIMEOUT_MS,
  };
}
