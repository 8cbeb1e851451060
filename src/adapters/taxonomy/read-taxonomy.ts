/** The texts of a taxonomy's files to the taxonomy that they say, wherever they came from. */
import { createHash } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { buildTaxonomy } from '../../domain/taxonomy/build.ts';
import type { Documents, ReadDocuments, TaxonomyProblem } from '../../domain/taxonomy/documents.ts';
import { findProblems } from '../../domain/taxonomy/problems.ts';
import type { Taxonomy } from '../../domain/taxonomy/types.ts';
import {
  attributeFile,
  categoriesFile,
  googleFile,
  profilesFile,
  schemaOrgFile,
  shopifyFile,
  taxonomyFile,
} from './schema.ts';
import { checked } from './structure.ts';

/** By name, as in the folder (`attributes/color.yaml`): its text, or why there is none. */
export type FileTexts = ReadonlyMap<string, string | { readonly fault: string }>;

export type Read<T> = T | { readonly problems: readonly TaxonomyProblem[] };

/** What a taxonomy has beside one file for each attribute. */
export const wholeFiles = [
  'taxonomy.yaml',
  'categories.yaml',
  'profiles.yaml',
  'mappings/shopify.yaml',
  'mappings/google.yaml',
  'mappings/schema-org.yaml',
] as const;

const attributeName = /^attributes\/([^/]+)\.yaml$/;

/** Every problem of every file, never only the first. Lets others have their turn between two files: together they take half a second. */
export async function readTaxonomy(texts: FileTexts): Promise<Read<{ readonly taxonomy: Taxonomy }>> {
  const problems: TaxonomyProblem[] = [];
  const read = async <S extends z.ZodType>(file: string, schema: S): Promise<z.infer<S> | null> => {
    await breathe();
    const text = texts.get(file) ?? { fault: 'is missing' };
    if (typeof text === 'string') return readYaml(file, text, schema, problems);
    problems.push({ file, path: '', message: text.fault });
    return null;
  };
  const files = {
    taxonomy: await read('taxonomy.yaml', taxonomyFile),
    categories: await read('categories.yaml', categoriesFile),
    profiles: await read('profiles.yaml', profilesFile),
    shopify: await read('mappings/shopify.yaml', shopifyFile),
    google: await read('mappings/google.yaml', googleFile),
    schemaOrg: await read('mappings/schema-org.yaml', schemaOrgFile),
  };
  const attributes: Record<string, z.infer<typeof attributeFile> | null> = {};
  for (const name of [...texts.keys()].sort()) {
    const id = attributeName.exec(name)?.[1];
    if (id !== undefined) attributes[id] = await read(name, attributeFile);
    else if (!wholeFiles.some((known) => known === name))
      problems.push({ file: name, path: '', message: 'is no file of a taxonomy' });
  }
  await breathe();
  const documents: ReadDocuments = { ...files, attributes };
  problems.push(...findProblems(documents));
  if (problems.length > 0 || !isWhole(documents)) return { problems };
  const hash = createHash('sha256').update(canonical(documents)).digest('hex');
  return { taxonomy: buildTaxonomy(documents, hash) };
}

function isWhole(documents: ReadDocuments): documents is Documents {
  const { attributes, ...files } = documents;
  return [...Object.values(files), ...Object.values(attributes)].every((document) => document !== null);
}

function readYaml<S extends z.ZodType>(
  file: string,
  text: string,
  schema: S,
  problems: TaxonomyProblem[],
): z.infer<S> | null {
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

/** JSON with sorted keys: the same content is the same text, however the files were written. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
