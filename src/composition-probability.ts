/** A model that gives probabilities of prompts, on an endpoint: see docs/sagemaker.md. */
import { encodePng } from './adapters/image/sharp.ts';
import { measuredModel } from './adapters/metrics/measured.ts';
import { awaitModel } from './application/awaiting-model.ts';
import type { BareModel } from './application/opened-model.ts';
import type { PromptScorer } from './application/ports-clip.ts';
import { createPromptBank } from './application/prompt-bank.ts';
import {
  backOff,
  insist,
  type ModelNeeds,
  type Models,
  type OpenedModel,
  under,
} from './composition-opened.ts';
import { runtimeOf } from './composition-places.ts';

export async function openProbabilities(needs: ModelNeeds): Promise<Models> {
  const { config, log, meter, mean, patient } = needs;
  const { openProbabilityEndpoint } = await import('./adapters/inference/sagemaker/probability-endpoint.ts');
  const runtime = await runtimeOf(needs);
  const names = [config.SAGEMAKER_ENDPOINT, config.SAGEMAKER_VARIANT, config.SAGEMAKER_INFERENCE_COMPONENT];
  const probe = await encodePng({ width: 32, height: 32, data: new Uint8Array(32 * 32 * 3).fill(200) });
  let last: PromptScorer | null = null;
  const models = awaitModel<OpenedModel>({
    async open(signal, say) {
      const options = {
        runtime,
        name: names.filter((name) => name !== undefined).join('.'),
        maxPayload: config.SAGEMAKER_MAX_PAYLOAD,
        slots: config.SAGEMAKER_CONCURRENCY,
        deadlineMs: config.INFERENCE_TIMEOUT_MS,
        watch: meter.inferenceQueue,
      };
      const scorer = await openProbabilityEndpoint(options, probe, signal);
      last = scorer;
      insist(config, scorer.card);
      return mean(bareScorer(needs, scorer), say);
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
    away: () => models.reason() ?? runtime.reason(),
    resting: () => models.reason() !== null || runtime.resting(),
    async close() {
      closed = true;
      models.stop();
      await last?.close();
      runtime.close();
    },
  };
}

function bareScorer({ config, meter }: ModelNeeds, scorer: PromptScorer): BareModel {
  return {
    card: scorer.card,
    async mean(taxonomy) {
      const prompts = createPromptBank({
        taxonomy,
        scorer,
        encode: encodePng,
        templates: config.CLIP_TEMPLATES,
      });
      const open = prompts.session();
      const opened = await under(taxonomy, open.model, open.loadProfile);
      return {
        taxonomy,
        under: (calibration) => ({
          ...opened(calibration),
          session() {
            const { model, bank, loadProfile } = prompts.session();
            const meaning = { taxonomy, bank, calibration };
            return { model: measuredModel(model, meter), meaning, loadProfile };
          },
        }),
        captions: () => null,
        loadAll: async () => {},
      };
    },
  };
}
