/** Opens the model that the settings name, and keeps it open: the part of `composition.ts` that knows the backends. */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { createBundledModel } from './adapters/inference/bundled.ts';
import { measuredModel } from './adapters/metrics/measured.ts';
import { createMeter } from './adapters/metrics/meter.ts';
import { awaitModel } from './application/awaiting-model.ts';
import type { CheckedModel } from './application/check-model.ts';
import type { ImageModel } from './application/ports.ts';
import { type BankProgress, createTextBank, type TextBank } from './application/text-bank.ts';
import {
  alwaysThere,
  backOff,
  insist,
  type ModelNeeds,
  type Models,
  meant,
  type OpenedModel,
} from './composition-opened.ts';
import { type ClipPlace, localLimits, placeOf, workersOf } from './composition-places.ts';
import { openProbabilities } from './composition-probability.ts';
import type { Config } from './config.ts';

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Resolves at once for a model elsewhere, which may be away; a model here is open then, or the start fails. */
export async function openModels(needs: ModelNeeds): Promise<Models> {
  const { config } = needs;
  if (config.INFERENCE_BACKEND === 'bundled') return openBundled(needs);
  if (config.INFERENCE_BACKEND === 'sagemaker' && config.SAGEMAKER_CONTRACT === 'probability')
    return openProbabilities(needs);
  const models: Models = awaitClip(needs, await placeOf({ ...needs, onChanged: () => models.again() }));
  return models;
}

/** The model alone, for a look at it: no captions, and nothing waited for. */
export async function openModelOnce(config: Config): Promise<CheckedModel & { close(): Promise<void> }> {
  const meter = createMeter();
  if (config.INFERENCE_BACKEND === 'sagemaker' && config.SAGEMAKER_CONTRACT === 'probability')
    throw new Error(
      'An endpoint with SAGEMAKER_CONTRACT=probability says nothing of itself and gives no vectors.',
    );
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

/** A model with a text tower: first its captions of categories, then it is ready, then the others in the background. */
function awaitClip(needs: ModelNeeds, place: ClipPlace): Models {
  const { config, log, meter, taxonomy, source, vectors, patient } = needs;
  let bank: TextBank | null = null;
  /** The captions of one model, in the background: given up with it. */
  let filling = { stop: () => {}, over: Promise.resolve() };

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
      const stopping = new AbortController();
      filling = { stop: () => stopping.abort(), over: fill(opening, stopping.signal, log) };
      return opened;
    },
    wait: backOff,
    patient,
    onWaiting: (reason, tries) => log.warn({ tries }, `waiting for the model: ${reason}`),
  });
  let closed = false;
  models.ready().catch((err: unknown) => {
    if (!closed) log.error({ err }, 'the model cannot be used');
  });
  meter.captions(() => bank?.progress() ?? null);
  return {
    ...models,
    again() {
      bank = null;
      filling.stop();
      models.again();
    },
    away: () => models.reason() ?? place.away(),
    resting: () => models.reason() !== null || place.resting(),
    captions: () => bank?.progress() ?? null,
    async close() {
      closed = true;
      filling.stop();
      models.stop();
      await place.close();
      await filling.over;
    },
  };
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

function everySeconds<T>(seconds: number, tell: (what: T) => void): (what: T) => void {
  let next = 0;
  return (what) => {
    if (performance.now() < next) return;
    next = performance.now() + seconds * 1000;
    tell(what);
  };
}
