/** Opens the model that the settings name, and keeps it open: the part of `composition.ts` that knows the backends. */
import { createHash } from 'node:crypto';
import { createBundledModel } from './adapters/inference/bundled.ts';
import { measuredModel } from './adapters/metrics/measured.ts';
import { createMeter } from './adapters/metrics/meter.ts';
import { awaitModel } from './application/awaiting-model.ts';
import type { CheckedModel } from './application/check-model.ts';
import type { BareModel } from './application/opened-model.ts';
import type { ImageModel } from './application/ports.ts';
import type { ClipModel } from './application/ports-clip.ts';
import { type BankProgress, createTextBank } from './application/text-bank.ts';
import {
  alwaysThere,
  backOff,
  insist,
  type ModelNeeds,
  type Models,
  type OpenedModel,
  under,
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

async function openBundled({ config, log, meter, mean }: ModelNeeds): Promise<Models> {
  const model = await bundled({ config, meter });
  insist(config, model.card);
  const measured = measuredModel(model, meter);
  const bare: BareModel = {
    card: model.card,
    mean: async (taxonomy) => ({
      taxonomy,
      under: await under(taxonomy, measured, async () => {}),
      captions: () => null,
      loadAll: async () => {},
    }),
  };
  const models = awaitModel({
    open: (_signal, say) => mean(bare, say),
    wait: backOff,
    onWaiting: (reason, tries) => log.warn({ tries }, `waiting for the model: ${reason}`),
  });
  return {
    ...models,
    ...alwaysThere,
    away: models.reason,
    async close() {
      models.stop();
      await model.close();
    },
  };
}

/** A model with a text tower: first its captions of categories, then it is ready, then the others in the background. */
function awaitClip(needs: ModelNeeds, place: ClipPlace): Models {
  const { config, log, mean, patient } = needs;
  const models = awaitModel<OpenedModel>({
    async open(signal, say) {
      const clip = await place.open(signal);
      insist(config, clip.card);
      return mean(bareClip(needs, clip), say);
    },
    wait: backOff,
    patient,
    onWaiting: (reason, tries) => log.warn({ tries }, `waiting for the model: ${reason}`),
  });
  let closed = false;
  models.ready().catch((err: unknown) => {
    if (!closed) log.error({ err }, 'the model cannot be used');
  });
  return {
    ...models,
    away: () => models.reason() ?? place.away(),
    resting: () => models.reason() !== null || place.resting(),
    async close() {
      closed = true;
      models.stop();
      await place.close();
    },
  };
}

function bareClip({ config, log, meter, vectors }: ModelNeeds, clip: ClipModel): BareModel {
  const modelKey = `${clip.card.id}@${clip.card.fingerprint}`;
  return {
    card: clip.card,
    async mean(taxonomy, told) {
      const tell = everySeconds(5, (progress: BankProgress) =>
        log.info({ model: modelKey, ...progress }, 'encoding the taxonomy’s captions'),
      );
      const { bank, load, loadAll, progress } = await createTextBank({
        taxonomy,
        model: clip,
        modelKey,
        vectors,
        hash,
        templates: config.CLIP_TEMPLATES,
        onProgress(so) {
          if (so.encoded > 0) tell(so);
          told?.(so);
        },
      });
      const model = measuredModel({ ...clip, bank: async () => bank }, meter);
      return { taxonomy, under: await under(taxonomy, model, load), captions: progress, loadAll };
    },
  };
}

function everySeconds<T>(seconds: number, tell: (what: T) => void): (what: T) => void {
  let next = 0;
  return (what) => {
    if (performance.now() < next) return;
    next = performance.now() + seconds * 1000;
    tell(what);
  };
}
