/** Opens the model that the settings name, and keeps it open: the part of `composition.ts` that knows the backends. */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import { createBundledModel } from './adapters/inference/bundled.ts';
import { measuredModel } from './adapters/metrics/measured.ts';
import { createMeter, type Meter } from './adapters/metrics/meter.ts';
import { type Awaited, awaitModel } from './application/awaiting-model.ts';
import type { CheckedModel } from './application/check-model.ts';
import type { ImageModel, ModelCard, TaxonomySource } from './application/ports.ts';
import type { ClipModel, TextVectors } from './application/ports-clip.ts';
import type { ModelPresence } from './application/run-operation.ts';
import { type BankProgress, createTextBank, type TextBank } from './application/text-bank.ts';
import type { LoadProfile } from './application/with-profiles.ts';
import type { Config } from './config.ts';
import { HangtagError } from './domain/errors.ts';
import type { Meaning } from './domain/tagging/decide-product.ts';
import type { Taxonomy } from './domain/taxonomy/types.ts';

export interface OpenedModel {
  readonly model: ImageModel;
  readonly meaning: Meaning;
  readonly loadProfile: LoadProfile;
}

export interface Models extends Awaited<OpenedModel>, ModelPresence {
  /** The taxonomy's captions as vectors; null where the model brings its own. */
  captions(): BankProgress | null;
  close(): Promise<void>;
}

export interface ModelNeeds {
  readonly config: Config;
  readonly log: Logger;
  readonly meter: Meter;
  readonly taxonomy: Taxonomy;
  readonly source: TaxonomySource;
  readonly vectors: TextVectors;
  /** Whether a model that is away is waited for; else that is the end. */
  readonly patient: boolean;
}

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Resolves at once for a model elsewhere, which may be away; a model here is open then, or the start fails. */
export async function openModels(needs: ModelNeeds): Promise<Models> {
  const { config } = needs;
  if (config.INFERENCE_BACKEND === 'bundled') return openBundled(needs);
  const models: Models = awaitClip(needs, await placeOf({ ...needs, onChanged: () => models.again() }));
  return models;
}

/** The model alone, for a look at it: no captions, and nothing waited for. */
export async function openModelOnce(config: Config): Promise<CheckedModel & { close(): Promise<void> }> {
  const meter = createMeter();
  if (config.INFERENCE_BACKEND === 'bundled') {
    const { card, embed, close } = await bundled({ config, meter });
    return { card, embed, clip: null, close };
  }
  const place = await placeOf({ config, meter, onChanged: () => {} });
  try {
    const clip = await place.open();
    return { card: clip.card, embed: clip.embed, clip, close: place.close };
  } catch (error) {
    await place.close();
    throw error;
  }
}

function placeOf(needs: PlaceNeeds): Promise<ClipPlace> {
  return needs.config.INFERENCE_BACKEND === 'onnx' ? localPlace(needs) : remotePlace(needs);
}

function bundled({ config, meter }: Pick<ModelNeeds, 'config' | 'meter'>): Promise<ImageModel> {
  return createBundledModel({
    directory: config.modelDir,
    workers: workersOf(config),
    limits: localLimits(config),
    watch: meter.inferenceQueue,
  });
}

async function openBundled({ config, log, meter, taxonomy, source }: ModelNeeds): Promise<Models> {
  const model = await bundled({ config, meter });
  insist(config, model.card);
  const opened = await meant({ taxonomy, source, log }, measuredModel(model, meter), async () => {});
  const models = awaitModel({ open: async () => opened, wait: async () => {} });
  await models.ready();
  return { ...models, ...alwaysThere, captions: () => null, close: () => model.close() };
}

/** A CLIP somewhere: how it is opened, and whether it answers since. */
interface ClipPlace extends ModelPresence {
  open(signal?: AbortSignal): Promise<ClipModel>;
  close(): Promise<void>;
}

type PlaceNeeds = Pick<ModelNeeds, 'config' | 'meter'> & {
  /** The endpoint answers for another model than the one that was opened. */
  readonly onChanged: () => void;
};

async function localPlace({ config, meter }: PlaceNeeds): Promise<ClipPlace> {
  const { openOnnxClip } = await import('./adapters/inference/onnx-clip/open-onnx-clip.ts');
  const clip = await openOnnxClip({
    directory: need(config.onnxModelDir),
    workers: workersOf(config),
    limits: localLimits(config),
    watch: meter.inferenceQueue,
  });
  return { open: async () => clip, ...alwaysThere, close: () => clip.close() };
}

/** The SDK is loaded only where it is used: that takes a while. */
async function remotePlace({ config, meter, onChanged }: PlaceNeeds): Promise<ClipPlace> {
  const { createRuntime } = await import('./adapters/inference/sagemaker/runtime.ts');
  const { openClipEndpoint } = await import('./adapters/inference/sagemaker/clip-endpoint.ts');
  const slots = config.SAGEMAKER_CONCURRENCY;
  const runtime = createRuntime({
    endpoint: need(config.SAGEMAKER_ENDPOINT),
    variant: config.SAGEMAKER_VARIANT ?? null,
    inferenceComponent: config.SAGEMAKER_INFERENCE_COMPONENT ?? null,
    region: config.SAGEMAKER_REGION ?? null,
    // Pictures, captions, and one to ask what the endpoint is.
    sockets: slots + 2,
    watch: meter.endpoint(),
  });
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

/** A model in this process, once it is open. */
const alwaysThere: ModelPresence = { away: () => null, resting: () => false };

/** A model with a text tower: first its captions of categories, then it is ready, then the others in the background. */
function awaitClip(needs: ModelNeeds, place: ClipPlace): Models {
  const { config, log, meter, taxonomy, source, vectors, patient } = needs;
  const stopping = new AbortController();
  let bank: TextBank | null = null;
  let filling: Promise<void> = Promise.resolve();

  const models = awaitModel<OpenedModel>({
    async open(signal, say) {
      const clip = await place.open(signal);
      insist(config, clip.card);
      const modelKey = `${clip.card.id}@${clip.card.fingerprint}`;
      const tell = everySeconds(5, (progress: BankProgress) =>
        log.info({ model: modelKey, ...progress }, 'encoding the taxonomy’s captions'),
      );
      const opening = await createTextBank({
        taxonomy,
        model: clip,
        modelKey,
        vectors,
        hash,
        templates: config.CLIP_TEMPLATES,
        onProgress(progress) {
          if (progress.encoded > 0) tell(progress);
          if (!bank) say(`The model is open; ${progress.texts} of ${progress.ofTexts} captions are encoded.`);
        },
      });
      bank = opening;
      const model = { ...clip, bank: async () => opening.bank };
      const opened = await meant({ taxonomy, source, log }, measuredModel(model, meter), opening.load);
      filling = fill(opening, stopping.signal, log);
      return opened;
    },
    wait: backOff,
    patient,
    onWaiting: (reason, tries) => log.warn({ tries }, `waiting for the model: ${reason}`),
  });
  meter.captions(() => bank?.progress() ?? null);
  return {
    ...models,
    again() {
      bank = null;
      models.again();
    },
    away: () => models.reason() ?? place.away(),
    resting: () => models.reason() !== null || place.resting(),
    captions: () => bank?.progress() ?? null,
    async close() {
      stopping.abort();
      models.stop();
      await place.close();
      await filling;
    },
  };
}

/** What the settings pin is what is used, or nothing is: an endpoint may be put right while the service waits. */
function insist({ MODEL_FINGERPRINT: wanted }: Config, { id, fingerprint }: ModelCard): void {
  if (wanted === undefined || wanted === fingerprint) return;
  const detail = `The model ${id} has the fingerprint ${fingerprint}, but MODEL_FINGERPRINT is ${wanted}.`;
  throw new HangtagError('inference.unavailable', detail, { retryAfter: 30 });
}

async function meant(
  { taxonomy, source, log }: Pick<ModelNeeds, 'taxonomy' | 'source' | 'log'>,
  model: ImageModel,
  loadProfile: LoadProfile,
): Promise<OpenedModel> {
  const calibration = await source.calibration(model.card.id, taxonomy);
  log.info(
    {
      model: `${model.card.id}@${model.card.fingerprint}`,
      taxonomy: `${taxonomy.id}@${taxonomy.version}`,
      calibration: calibration?.id ?? null,
    },
    'model and taxonomy are ready',
  );
  return { model, meaning: { taxonomy, bank: await model.bank(taxonomy), calibration }, loadProfile };
}

async function fill(bank: TextBank, signal: AbortSignal, log: Logger): Promise<void> {
  for (let tries = 1; !signal.aborted; tries++) {
    try {
      await bank.loadAll(signal);
      return log.info(bank.progress(), 'all captions of the taxonomy are known');
    } catch (err) {
      if (signal.aborted) return;
      log.warn({ err, ...bank.progress() }, 'encoding captions failed; it is tried again');
      await backOff(tries, signal);
    }
  }
}

/** Half a second, doubled with every try up to half a minute, and up to as much again by chance. */
function backOff(tries: number, signal: AbortSignal): Promise<void> {
  const ms = Math.min(30_000, 500 * 2 ** (tries - 1)) * (1 + Math.random());
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

function everySeconds<T>(seconds: number, tell: (what: T) => void): (what: T) => void {
  let next = 0;
  return (what) => {
    if (performance.now() < next) return;
    next = performance.now() + seconds * 1000;
    tell(what);
  };
}

/** `parseConfig` has seen to it. */
function need<T>(setting: T | null | undefined): T {
  if (setting === null || setting === undefined) throw new TypeError('a setting of the backend is missing');
  return setting;
}

function workersOf(config: Config): number {
  return config.INFERENCE_WORKERS ?? Math.max(1, availableParallelism() - 1);
}

function localLimits(config: Config) {
  return {
    maxBatch: 4,
    maxWaiting: 256,
    maxWaitingBytes: 64 * 2 ** 20,
    deadlineMs: config.INFERENCE_TIMEOUT_MS,
  };
}
