/** A model that gives probabilities of prompts, on an endpoint: see docs/sagemaker.md. */
import { encodePng } from './adapters/image/sharp.ts';
import { measuredModel } from './adapters/metrics/measured.ts';
import { awaitModel } from './application/awaiting-model.ts';
import type { PromptScorer } from './application/ports-clip.ts';
import { createPromptBank } from './application/prompt-bank.ts';
import {
  backOff,
  insist,
  type ModelNeeds,
  type Models,
  meant,
  type OpenedModel,
} from './composition-opened.ts';
import { runtimeOf } from './composition-places.ts';

export async function openProbabilities(needs: ModelNeeds): Promise<Models> {
  const { config, log, meter, taxonomy, source, patient } = needs;
  const { openProbabilityEndpoint } = await import('./adapters/inference/sagemaker/probability-endpoint.ts');
  const runtime = await runtimeOf(needs);
  const names = [config.SAGEMAKER_ENDPOINT, config.SAGEMAKER_VARIANT, config.SAGEMAKER_INFERENCE_COMPONENT];
  const probe = await encodePng({ width: 32, height: 32, data: new Uint8Array(32 * 32 * 3).fill(200) });
  let last: PromptScorer | null = null;
  const models = awaitModel<OpenedModel>({
    async open(signal) {
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
      const prompts = createPromptBank({
        taxonomy,
        scorer,
        encode: encodePng,
        templates: config.CLIP_TEMPLATES,
      });
      const open = prompts.session();
      insist(config, open.model.card);
      const opened = await meant({ taxonomy, source, log }, open.model, open.loadProfile);
      return {
        ...opened,
        session() {
          const { model, bank, loadProfile } = prompts.session();
          return { model: measuredModel(model, meter), meaning: { ...opened.meaning, bank }, loadProfile };
        },
      };
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
    captions: () => null,
    async close() {
      closed = true;
      models.stop();
      await last?.close();
      runtime.close();
    },
  };
}
