/** A model once it is open, whatever it is: what `composition.ts` makes the use-cases of, and what every backend needs for that. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Meter } from './adapters/metrics/meter.ts';
import type { Awaited } from './application/awaiting-model.ts';
import type { BareModel, OpenedModel } from './application/opened-model.ts';
import type { ImageModel, ModelCard } from './application/ports.ts';
import type { TextVectors } from './application/ports-clip.ts';
import type { ModelPresence } from './application/run-operation.ts';
import type { LoadProfile } from './application/with-profiles.ts';
import type { Config } from './config.ts';
import { HangtagError } from './domain/errors.ts';
import type { Calibration } from './domain/tagging/calibration.ts';
import type { Taxonomy } from './domain/taxonomy/types.ts';

export type { OpenedModel } from './application/opened-model.ts';

export interface Models extends Awaited<OpenedModel>, ModelPresence {
  close(): Promise<void>;
}

export interface ModelNeeds {
  readonly config: Config;
  readonly log: Logger;
  readonly meter: Meter;
  /** What the open model means: `application/keep-meaning.ts`. */
  readonly mean: (bare: BareModel, say: (progress: string) => void) => Promise<OpenedModel>;
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

/** A model with its bank of a taxonomy: together with a calibration, or none, it is what answers are given by. */
export async function under(
  taxonomy: Taxonomy,
  model: ImageModel,
  loadProfile: LoadProfile,
): Promise<(calibration: Calibration | null) => OpenedModel> {
  const bank = await model.bank(taxonomy);
  return (calibration) => ({ model, meaning: { taxonomy, bank, calibration }, loadProfile });
}

/** Half a second, doubled with every try up to half a minute, and up to as much again by chance. */
export async function backOff(tries: number, signal: AbortSignal): Promise<void> {
  const ms = Math.min(30_000, 500 * 2 ** (tries - 1)) * (1 + Math.random());
  // Rejects where the signal ends it early, which is no fault.
  await sleep(ms, undefined, { signal }).catch(() => {});
}

/** In the place of a model that is away: whoever looks at it is told so. */
export function absentModel(taxonomy: Taxonomy, models: Pick<Models, 'now'>) {
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
