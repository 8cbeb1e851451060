/** What the service answers by: a model, a taxonomy and a calibration that belong together, and all that changes them. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Meter } from './adapters/metrics/meter.ts';
import { meaningReader } from './adapters/taxonomy/documents.ts';
import type { Calibrations, Taxonomies } from './application/administer.ts';
import { createMeaningKeeper, type MeaningKeeper } from './application/keep-meaning.ts';
import { createManageCalibrations } from './application/manage-calibrations.ts';
import { createManageTaxonomies } from './application/manage-taxonomies.ts';
import type { TaxonomySource } from './application/ports.ts';
import type { TextVectors } from './application/ports-clip.ts';
import type { Meanings } from './application/ports-meaning.ts';
import { createPrepareMeaning, type PrepareMeaning } from './application/prepare-meaning.ts';
import { createTerms } from './application/terms.ts';
import { watchMeaning } from './application/watch-meaning.ts';
import { openModels } from './composition-model.ts';
import { backOff, type Models } from './composition-opened.ts';
import type { Config } from './config.ts';

export interface MeaningNeeds {
  readonly config: Config;
  readonly log: Logger;
  readonly meter: Meter;
  readonly source: TaxonomySource;
  readonly meanings: Meanings;
  readonly vectors: TextVectors;
  /** Whether a model that is away is waited for, and what is active is looked at again: not for commands. */
  readonly patient: boolean;
}

export interface OpenedMeaning extends Pick<MeaningKeeper, 'taxonomy' | 'captions'> {
  readonly models: Models;
  readonly taxonomies: Taxonomies;
  readonly calibrations: Calibrations;
  readonly prepareMeaning: PrepareMeaning;
  close(): Promise<void>;
}

export async function openMeaning(needs: MeaningNeeds): Promise<OpenedMeaning> {
  const { log, meter, source, meanings, patient } = needs;
  const reader = meaningReader;
  const terms = createTerms({ own: await source.load(), source, meanings, reader });
  const active = await meanings.active();
  const keeper = await createMeaningKeeper({ terms, active, log, wait: backOff });
  const models = await openModels({ ...needs, mean: keeper.mean });
  keeper.attach(models);
  if (needs.config.INFERENCE_BACKEND === 'bundled') await firstOpened(models, active.taxonomy, log);
  const wait = backOff;
  const watch = watchMeaning({ keeper, terms, meanings, worker: randomUUID(), log, wait, looks: patient });
  meter.captions(keeper.captions);
  const modelId = () => keeper.bare()?.card.id ?? null;
  const { taxonomy, captions } = keeper;
  return {
    models: { ...models, away: () => keeper.reason() ?? models.away() },
    taxonomy,
    captions,
    taxonomies: createManageTaxonomies({ terms, meanings, reader, watch, active: taxonomy }),
    calibrations: createManageCalibrations({
      terms,
      source,
      meanings,
      reader,
      watch,
      modelId,
      active: taxonomy,
    }),
    prepareMeaning: createPrepareMeaning({ terms, meanings, bare: keeper.bare }),
    async close() {
      await watch.stop();
      await Promise.all([keeper.close(), models.close()]);
    },
  };
}

/**
 * A model in this process that does not go with the folder's taxonomy stops the start, as anything wrong with either does. One
 * that does not go with what was activated must leave the way open to activate another.
 */
async function firstOpened(models: Models, activated: string | null, log: Logger): Promise<void> {
  try {
    await models.ready();
  } catch (error) {
    if (activated === null) throw error;
    log.error({ err: error, taxonomy: activated }, 'the active taxonomy cannot be used: activate another');
  }
}
