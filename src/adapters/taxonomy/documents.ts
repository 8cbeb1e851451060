/** Taxonomies and calibrations that come as documents and not from a folder. */
import { createHash } from 'node:crypto';
import type { MeaningReader } from '../../application/ports-meaning.ts';
import { readCalibration } from './read-calibration.ts';
import { canonical, readTaxonomy } from './read-taxonomy.ts';

export const meaningReader: MeaningReader = {
  taxonomy: (files) => readTaxonomy(new Map(Object.entries(files))),

  async calibration(value, fitted) {
    const read = await readCalibration('', value, fitted);
    if ('problems' in read) return read;
    const { calibration } = read;
    return { calibration, contentHash: createHash('sha256').update(canonical(calibration)).digest('hex') };
  },
};
