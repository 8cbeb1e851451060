/** The taxonomy and its calibrations from folders of YAML and JSON files. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { TaxonomySource } from '../../application/ports.ts';
import { buildTaxonomy } from '../../domain/taxonomy/build.ts';
import type { Documents, ReadDocuments, TaxonomyProblem } from '../../domain/taxonomy/documents.ts';
import { findProblems } from '../../domain/taxonomy/problems.ts';
import type { Taxonomy } from '../../domain/taxonomy/types.ts';
import {
  attributeFile,
  calibrationFile,
  categoriesFile,
  googleFile,
  profilesFile,
  schemaOrgFile,
  shopifyFile,
  taxonomyFile,
} from './schema.ts';

export class TaxonomyError extends Error {
  readonly problems: readonly TaxonomyProblem[];
  constructor(problems: readonly TaxonomyProblem[]) {
    const list = problems.map(
      ({ file, path: where, message }) => `  - ${[file, where, message].filter(Boolean).join(': ')}`,
    );
    super(`The taxonomy has ${problems.length} problem(s):\n${list.join('\n')}`);
    this.name = 'TaxonomyError';
    this.problems = problems;
  }
}

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
      const read = <S extends z.ZodType>(file: string, schema: S) =>
        readYaml(directory, file, schema, problems);
      const names = await readdir(path.join(directory, 'attributes')).catch((error) => {
        problems.push({ file: 'attributes', path: '', message: unreadable(error) });
        return [];
      });
      const ids = names.filter((name) => name.endsWith('.yaml')).map((name) => name.slice(0, -5));
      const files = {
        taxonomy: await read('taxonomy.yaml', taxonomyFile),
        categories: await read('categories.yaml', categoriesFile),
        profiles: await read('profiles.yaml', profilesFile),
        shopify: await read('mappings/shopify.yaml', shopifyFile),
        google: await read('mappings/google.yaml', googleFile),
        schemaOrg: await read('mappings/schema-org.yaml', schemaOrgFile),
      };
      const attributes = await Promise.all(
        ids.sort().map(async (id) => [id, await read(`attributes/${id}.yaml`, attributeFile)] as const),
      );
      const documents: ReadDocuments = { ...files, attributes: Object.fromEntries(attributes) };
      problems.push(...findProblems(documents));
      if (problems.length > 0 || !isWhole(documents)) throw new TaxonomyError(problems);
      const hash = createHash('sha256').update(canonical(documents)).digest('hex');
      return buildTaxonomy(documents, hash);
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
      return text === null ? null : checkedCalibration(`calibration/${file}`, text, modelId, taxonomy);
    },
  };
}

/** A model's id names its folder of calibrations, `org/name` as `org--name`: it must not lead out of there. */
const folderName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

function isWhole(documents: ReadDocuments): documents is Documents {
  const { attributes, ...files } = documents;
  return [...Object.values(files), ...Object.values(attributes)].every((document) => document !== null);
}

function unreadable(error: unknown): string {
  return `cannot be read (${(error as NodeJS.ErrnoException).code})`;
}

async function readYaml<S extends z.ZodType>(
  directory: string,
  file: string,
  schema: S,
  problems: TaxonomyProblem[],
): Promise<z.infer<S> | null> {
  let text: string;
  try {
    text = await readFile(path.join(directory, file), 'utf8');
  } catch (error) {
    problems.push({ file, path: '', message: unreadable(error) });
    return null;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  for (const error of document.errors) {
    problems.push({
      file,
      path: `line ${lines.linePos(error.pos[0]).line}`,
      message: error.message.split('\n')[0]!,
    });
  }
  if (document.errors.length > 0) return null;
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // Aliases are resolved only here: one that points nowhere, or too many.
    problems.push({ file, path: '', message: (error as Error).message });
    return null;
  }
  return checked(file, value, schema, problems);
}

function checked<S extends z.ZodType>(
  file: string,
  value: unknown,
  schema: S,
  problems: TaxonomyProblem[],
): z.infer<S> | null {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    // Of a wrong key, what is wrong with it, not only that it is.
    const reasons = issue.code === 'invalid_key' ? issue.issues : [issue];
    for (const { message } of reasons) problems.push({ file, path: issue.path.join('.'), message });
  }
  return null;
}

function checkedCalibration(file: string, text: string, modelId: string, taxonomy: Taxonomy) {
  const problems: TaxonomyProblem[] = [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new TaxonomyError([{ file, path: '', message: `is not JSON: ${(error as Error).message}` }]);
  }
  const calibration = checked(file, value, calibrationFile, problems);
  const under = `${taxonomy.id}@${taxonomy.version}`;
  if (calibration && calibration.taxonomy !== under) {
    problems.push({
      file,
      path: 'taxonomy',
      message: `was fitted under ${calibration.taxonomy}, not ${under}`,
    });
  }
  if (calibration && calibration.model !== modelId) {
    problems.push({ file, path: 'model', message: `was fitted for ${calibration.model}, not ${modelId}` });
  }
  for (const id of Object.keys(calibration?.attributes ?? {})) {
    if (!taxonomy.attributeById.has(id))
      problems.push({ file, path: `attributes.${id}`, message: 'is not an attribute' });
  }
  if (problems.length > 0 || !calibration) throw new TaxonomyError(problems);
  return calibration;
}

/** JSON with sorted keys: the same content is the same text, however the files were written. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
