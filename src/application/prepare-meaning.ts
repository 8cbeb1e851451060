/** A model with a taxonomy and a calibration that need not be active: what a product would be tagged by. */
import { HangtagError } from '../domain/errors.ts';
import type { Calibration } from '../domain/tagging/calibration.ts';
import type { Taxonomy } from '../domain/taxonomy/types.ts';
import type { BareModel, OpenedModel } from './opened-model.ts';
import type { Meanings } from './ports-meaning.ts';
import { nameOf, type Terms } from './terms.ts';

export interface MeaningWanted {
  /** null: the folder's. */
  readonly taxonomyVersion: string | null;
  /** null: the one that counts for the model under the taxonomy, which may be none. */
  readonly calibrationId: string | null;
}

/**
 * With all its captions encoded and kept. Raises `taxonomy.not_found`, `calibration.not_found`, `calibration.invalid` where it was
 * fitted for something else, and `inference.unavailable` while the model is away.
 */
export type PrepareMeaning = (wanted: MeaningWanted, signal: AbortSignal) => Promise<OpenedModel>;

export interface PrepareMeaningNeeds {
  readonly terms: Terms;
  readonly meanings: Pick<Meanings, 'findCalibration'>;
  /** The model as it was last opened. */
  readonly bare: () => BareModel | null;
}

export function createPrepareMeaning({ terms, meanings, bare }: PrepareMeaningNeeds): PrepareMeaning {
  async function calibrationOf(
    id: string | null,
    model: BareModel,
    taxonomy: Taxonomy,
  ): Promise<Calibration | null> {
    const counting = await terms.calibration(model.card.id, taxonomy);
    if (id === null || counting?.id === id) return counting;
    const found = await meanings.findCalibration(id);
    if (!found) throw new HangtagError('calibration.not_found', 'There is no calibration with this id.');
    const { calibration } = found;
    if (calibration.model === model.card.id && calibration.taxonomy === nameOf(taxonomy)) return calibration;
    const detail = `${id} was fitted for ${calibration.model} under ${calibration.taxonomy}, not for ${model.card.id} under ${nameOf(taxonomy)}.`;
    throw new HangtagError('calibration.invalid', detail);
  }

  return async ({ taxonomyVersion, calibrationId }, signal) => {
    const model = bare();
    if (!model) {
      const detail = 'The model is not available yet.';
      throw new HangtagError('inference.unavailable', detail, { retryAfter: 10 });
    }
    const taxonomy = await terms.taxonomy(taxonomyVersion && (await terms.place(taxonomyVersion)));
    const calibration = await calibrationOf(calibrationId, model, taxonomy);
    signal.throwIfAborted();
    const meant = await model.mean(taxonomy);
    await meant.loadAll(signal);
    signal.throwIfAborted();
    return meant.under(calibration);
  };
}
