/** A model at three stages: open, meaning something under a taxonomy, and ready for the use-cases. */
import type { Calibration } from '../domain/tagging/calibration.ts';
import type { Meaning } from '../domain/tagging/decide-product.ts';
import type { Taxonomy } from '../domain/taxonomy/types.ts';
import type { ImageModel, ModelCard } from './ports.ts';
import type { BankProgress } from './text-bank.ts';
import type { LoadProfile } from './with-profiles.ts';

/** Open, and meaning nothing yet. */
export interface BareModel {
  readonly card: Pick<ModelCard, 'id' | 'fingerprint'>;
  /**
   * What it says under this taxonomy. Rejects with a retryable HangtagError where that may pass, with anything else where the
   * two do not go together. `told`: of each step, where captions are encoded.
   */
  mean(taxonomy: Taxonomy, told?: (progress: BankProgress) => void): Promise<MeantModel>;
}

/** With the vectors of a taxonomy's values. */
export interface MeantModel {
  readonly taxonomy: Taxonomy;
  /** Thresholds cost nothing: another calibration needs no other vectors. */
  under(calibration: Calibration | null): OpenedModel;
  /** The taxonomy's captions as vectors; null where the model brings its own. */
  captions(): BankProgress | null;
  /** The captions that are not encoded yet; resolves at once where there are none. */
  loadAll(signal: AbortSignal): Promise<void>;
}

/** What the use-cases are made of. */
export interface OpenedModel {
  readonly model: ImageModel;
  readonly meaning: Meaning;
  readonly loadProfile: LoadProfile;
  /** Where what a model gives is good for one call: what that call works with. */
  readonly session?: () => Omit<OpenedModel, 'session'>;
}
