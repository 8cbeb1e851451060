/** Taxonomies and calibrations for the door's tests: one version is known, another is refused, a third takes its time. */
import type {
  CalibrationReport,
  ComparedTaxonomy,
  TaxonomyReport,
} from '../../src/application/administer.ts';
import type { Services } from '../../src/application/tag-request.ts';
import { HangtagError } from '../../src/domain/errors.ts';
import type { Calibration } from '../../src/domain/tagging/calibration.ts';

export const sampleTaxonomy = (version: string): TaxonomyReport => ({
  version,
  id: 'retail-visual-attributes',
  contentHash: 'c'.repeat(64),
  source: 'uploaded',
  state: version === '2.0.0' ? 'preparing' : 'active',
  createdAt: '2026-11-23T09:00:00.000Z',
  activatedAt: null,
  preparation: version === '2.0.0' ? { captions: { known: 1, total: 2 }, waitingFor: null } : null,
  failure: null,
});
const compared = (version: string): ComparedTaxonomy => ({
  ...sampleTaxonomy(version),
  diff: {
    from: 'retail-visual-attributes@1.0.0',
    to: `retail-visual-attributes@${version}`,
    counts: { renamed: 1 },
    changes: [
      { change: 'renamed', of: 'value', id: 'color/navy', field: 'name', before: 'Navy', after: 'Navy blue' },
    ],
  },
});
const sampleCalibration = (calibration: Calibration): CalibrationReport => ({
  calibration,
  source: 'uploaded',
  state: 'active',
  createdAt: '2026-11-23T09:00:00.000Z',
  activatedAt: '2026-11-23T09:01:00.000Z',
});
const fitted: Calibration = { id: 'm/1', model: 'm', taxonomy: 't@1.0.0', category: null, attributes: {} };

export const fakeMeanings: Pick<Services, 'taxonomies' | 'calibrations'> = {
  taxonomies: {
    async add(files, store) {
      if (!files['taxonomy.yaml']) {
        const errors = [{ code: 'taxonomy.invalid', detail: 'is missing', pointer: '/files/taxonomy.yaml' }];
        throw new HangtagError('taxonomy.invalid', 'There are 1 problems.', { errors });
      }
      return { created: store && files['taxonomy.yaml'] !== 'again', taxonomy: compared('1.1.0') };
    },
    list: async (_limit, after) => ({
      items: [sampleTaxonomy('1.1.0')],
      next: after === null ? '1.1.0' : null,
    }),
    async read(version) {
      if (version === '9.9.9') throw new HangtagError('taxonomy.not_found', 'There is none.');
      return compared(version);
    },
    activate: async (version) => sampleTaxonomy(version),
  },
  calibrations: {
    async add(value) {
      return { created: true, calibration: sampleCalibration(value as Calibration) };
    },
    list: async (_limit, after) => ({
      items: [sampleCalibration(fitted)],
      next: after === null ? 'm/1' : null,
    }),
    async activate(id) {
      if (id !== fitted.id) throw new HangtagError('calibration.not_found', 'There is none.');
      return sampleCalibration(fitted);
    },
  },
};
