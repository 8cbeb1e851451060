/** Fitted thresholds: taken in, and made to count for their model under their taxonomy. */
import { HangtagError } from '../domain/errors.ts';
import type { CalibrationReport, Calibrations } from './administer.ts';
import type { TaxonomySource } from './ports.ts';
import type { MeaningReader, Meanings, StoredCalibration } from './ports-meaning.ts';
import { refusedDocuments } from './refused-documents.ts';
import type { Terms } from './terms.ts';
import type { MeaningWatch } from './watch-meaning.ts';

export interface ManageCalibrationsNeeds {
  readonly terms: Terms;
  readonly source: Pick<TaxonomySource, 'calibration'>;
  readonly meanings: Meanings;
  readonly reader: MeaningReader;
  readonly watch: Pick<MeaningWatch, 'look'>;
  /** The model's id; null while it is not known. */
  readonly modelId: () => string | null;
  /** The version that answers in this process. */
  readonly active: () => Parameters<TaxonomySource['calibration']>[1];
}

export function createManageCalibrations(needs: ManageCalibrationsNeeds): Calibrations {
  const { terms, source, meanings, reader, watch, modelId, active } = needs;

  const uploaded = ({
    calibration,
    chosen,
    createdAt,
    activatedAt,
  }: StoredCalibration): CalibrationReport => ({
    calibration,
    source: 'uploaded',
    state: chosen ? 'active' : 'stored',
    createdAt,
    activatedAt,
  });
  /** The folder's for the model that answers, under the taxonomy that does. */
  async function folders(): Promise<CalibrationReport | null> {
    const model = modelId();
    const calibration = model === null ? null : await source.calibration(model, active());
    if (!calibration) return null;
    const chosen = await meanings.chosenCalibration(calibration.model, calibration.taxonomy);
    const state = chosen ? 'stored' : 'active';
    return { calibration, source: 'folder', state, createdAt: null, activatedAt: null };
  }

  return {
    async add(value) {
      const read = await reader.calibration(value, terms.named);
      if ('problems' in read) throw refusedDocuments('calibration.invalid', read.problems, '');
      const { calibration, contentHash } = read;
      const ours = await folders();
      if (ours?.calibration.id === calibration.id) {
        if (JSON.stringify(ours.calibration) === JSON.stringify(calibration))
          return { created: false, calibration: ours };
        const detail = `The id ${calibration.id} is that of the folder's calibration, which has another content.`;
        throw new HangtagError('calibration.conflict', detail);
      }
      const { stored, created } = await meanings.addCalibration(calibration, contentHash);
      return { created, calibration: uploaded(stored) };
    },

    async list(limit, after) {
      const found = await meanings.calibrations(limit + 1, after);
      const items = found.slice(0, limit).map(uploaded);
      if (items.length === limit) return { items, next: items.at(-1)!.calibration.id };
      const ours = await folders();
      return { items: ours ? [...items, ours] : items, next: null };
    },

    async activate(id) {
      const stored = await meanings.findCalibration(id);
      const ours = stored ? null : await folders();
      const chosen = stored?.calibration ?? (ours?.calibration.id === id ? ours.calibration : null);
      if (!chosen) throw new HangtagError('calibration.not_found', 'There is no calibration with this id.');
      await meanings.chooseCalibration(chosen.model, chosen.taxonomy, stored ? id : null);
      await watch.look();
      const after = stored ? await meanings.findCalibration(id) : null;
      const report = after ? uploaded(after) : await folders();
      if (!report) throw new HangtagError('calibration.not_found', 'There is no calibration with this id.');
      return report;
    },
  };
}
