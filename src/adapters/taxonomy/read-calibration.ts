/** A calibration as `calibration/README.md` describes it, held against the taxonomy that it was fitted under. */
import type { Calibration } from '../../domain/tagging/calibration.ts';
import type { TaxonomyProblem } from '../../domain/taxonomy/documents.ts';
import type { Taxonomy } from '../../domain/taxonomy/types.ts';
import type { Read } from './read-taxonomy.ts';
import { calibrationFile } from './schema.ts';
import { checked } from './structure.ts';

/** `fitted`: the taxonomy that goes by `<id>@<version>`, or null where there is none. */
export async function readCalibration(
  file: string,
  value: unknown,
  fitted: (taxonomy: string) => Promise<Taxonomy | null>,
): Promise<Read<{ readonly calibration: Calibration }>> {
  const problems: TaxonomyProblem[] = [];
  const calibration = checked(file, value, calibrationFile, problems);
  if (!calibration) return { problems };
  const taxonomy = await fitted(calibration.taxonomy);
  if (!taxonomy) {
    const message = `there is no taxonomy ${calibration.taxonomy} here`;
    return { problems: [{ file, path: 'taxonomy', message }] };
  }
  for (const id of Object.keys(calibration.attributes)) {
    if (!taxonomy.attributeById.has(id))
      problems.push({ file, path: `attributes.${id}`, message: 'is not an attribute' });
  }
  return problems.length > 0 ? { problems } : { calibration };
}
