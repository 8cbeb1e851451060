/** The taxonomy and its calibrations from folders of YAML and JSON files. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { TaxonomySource } from '../../application/ports.ts';
import type { TaxonomyProblem } from '../../domain/taxonomy/documents.ts';
import type { Taxonomy } from '../../domain/taxonomy/types.ts';
import { readCalibration } from './read-calibration.ts';
import { type FileTexts, readTaxonomy, wholeFiles } from './read-taxonomy.ts';
import { TaxonomyError } from './taxonomy-error.ts';

export { TaxonomyError } from './taxonomy-error.ts';

export interface TaxonomyFolders {
  readonly directory: string;
  readonly calibrationDirectory: string;
}

export function createFileTaxonomySource({
  directory,
  calibrationDirectory,
}: TaxonomyFolders): TaxonomySource {
  return {
    async load() {
      const problems: TaxonomyProblem[] = [];
      const names = await readdir(path.join(directory, 'attributes')).catch((error) => {
        problems.push({ file: 'attributes', path: '', message: unreadable(error) });
        return [];
      });
      const attributes = names.filter((name) => name.endsWith('.yaml')).map((name) => `attributes/${name}`);
      const read = readTaxonomy(await textsOf(directory, [...wholeFiles, ...attributes]));
      if ('problems' in read) problems.push(...read.problems);
      if (problems.length > 0 || !('taxonomy' in read)) throw new TaxonomyError(problems);
      return read.taxonomy;
    },

    async calibration(modelId, taxonomy) {
      const folder = modelId.replaceAll('/', '--');
      if (!folderName.test(folder)) {
        const message = `${JSON.stringify(modelId)} cannot name a folder: letters, digits, dot, dash, underscore, slash`;
        throw new TaxonomyError([{ file: 'calibration', path: '', message }]);
      }
      const file = path.join(folder, `${taxonomy.version}.json`);
      const text = await readFile(path.join(calibrationDirectory, file), 'utf8').catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return null;
          throw error;
        },
      );
      return text === null ? null : ofFile(`calibration/${file}`, text, modelId, taxonomy);
    },
  };
}

/** A model's id names its folder of calibrations, `org/name` as `org--name`: it must not lead out of there. */
const folderName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

async function textsOf(directory: string, names: readonly string[]): Promise<FileTexts> {
  const entries = names.map(async (name) => {
    const text = readFile(path.join(directory, name), 'utf8');
    return [name, await text.catch((error) => ({ fault: unreadable(error) }))] as const;
  });
  return new Map(await Promise.all(entries));
}

function unreadable(error: unknown): string {
  return `cannot be read (${(error as NodeJS.ErrnoException).code})`;
}

async function ofFile(file: string, text: string, modelId: string, taxonomy: Taxonomy) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new TaxonomyError([{ file, path: '', message: `is not JSON: ${(error as Error).message}` }]);
  }
  // Whatever it says it was fitted under: that is told with everything else that is wrong.
  let under = '';
  const read = await readCalibration(file, value, async (named) => {
    under = named;
    return taxonomy;
  });
  const problems: TaxonomyProblem[] = [];
  const ours = `${taxonomy.id}@${taxonomy.version}`;
  if (under !== '' && under !== ours)
    problems.push({ file, path: 'taxonomy', message: `was fitted under ${under}, not ${ours}` });
  const model = (value as { readonly model?: unknown } | null)?.model;
  if (typeof model === 'string' && model !== modelId)
    problems.push({ file, path: 'model', message: `was fitted for ${model}, not ${modelId}` });
  if ('problems' in read) problems.push(...read.problems);
  if (problems.length > 0 || !('calibration' in read)) throw new TaxonomyError(problems);
  return read.calibration;
}
