/** A model once it is open, whatever it is: what `composition.ts` makes the use-cases of, and what every backend needs for that. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Meter } from './adapters/metrics/meter.ts';
import type { Awaited } from './application/awaiting-model.ts';
import type { ImageModel, ModelCard, TaxonomySource } from './application/ports.ts';
import type { TextVectors } from './application/ports-clip.ts';
import type { ModelPresence } from './application/run-operation.ts';
import type { BankProgress } from './application/text-bank.ts';
import type { LoadProfile } from './application/with-profiles.ts';
import type { Config } from './config.ts';
import { HangtagError } from './domain/errors.ts';
import type { Meaning } from './domain/tagging/decide-product.ts';
import type { Taxonomy } from './domain/taxonomy/types.ts';

export interface OpenedModel {
  readonly model: ImageModel;
  readonly meaning: Meaning;
  readonly loadProfile: LoadProfile;
  /** Where what a model gives is good for one call: what that call works with. */
  readonly session?: () => Omit<OpenedModel, 'session'>;
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

/** A model in this process, once it is open. */
export const alwaysThere: ModelPresence = { away: () => null, resting: () => false };

/** What the settings pin is what is used, or nothing is: an endpoint may be put right while the service waits. */
export function insist({ MODEL_FINGERPRINT: wanted }: Config, { id, fingerprint }: ModelCard): void {
  if (wanted === undefined || wanted === fingerprint) return;
  const detail = `The model ${id} has the fingerprint ${fingerprint}, but MODEL_FINGERPRINT is ${wanted}.`;
  throw new HangtagError('inference.unavailable', detail, { retryAfter: 30 });
}

export async function meant(
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

/** Half a second, doubled with every try up to half a minute, and up to as much again by chance. */
export async function backOff(tries: number, signal: AbortSignal): Promise<void> {
  const ms = Math.min(30_000, 500 * 2 ** (tries - 1)) * (1 + Math.random());
  // Rejects where the signal ends it early, which is no fault.
  await sleep(ms, undefined, { signal }).catch(() => {});
}

/** In the place of a model that is away: whoever looks at it is told so. */
export function absentModel(taxonomy: Taxonomy, models: Models) {
  return {
    meaning: {
      taxonomy,
      get bank() {
        return models.now().meaning.bank;
      },
      get calibration() {
        return models.now().meaning.calibration;
      },
    },
    loadProfile: async (profileId: string) => models.now().loadProfile(profileId),
    model: {
      get card() {
        return models.now().model.card;
      },
    },
  };
}
