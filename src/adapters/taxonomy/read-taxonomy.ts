/** The texts of a taxonomy's files to the taxonomy that they say, wherever they came from. */
import { createHash } from 'node:crypto';
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

/** Checked documents, and the hash of what they say. */
export interface SoundDocuments {
  readonly documents: Documents;
  readonly hash: string;
}

export function readTaxonomy(texts: FileTexts): Read<{ readonly taxonomy: Taxonomy }> {
  const read = readDocuments(texts);
  return 'problems' in read ? read : { taxonomy: buildTaxonomy(read.documents, read.hash) };
}

/** Every problem of every file, never only the first. Takes half a second or more, all of it in one turn. */
export function readDocuments(texts: FileTexts): Read<SoundDocuments> {
  const problems: TaxonomyProblem[] = [];
  const read = <S extends z.ZodType>(file: string, schema: S): z.infer<S> | null => {
    const text = texts.get(file) ?? { fault: 'is missing' };
    if (typeof text === 'string') return readYaml(file, text, schema, problems);
    problems.push({ file, path: '', message: text.fault });
    return null;
  };
  const files = {
    taxonomy: read('taxonomy.yaml', taxonomyFile),
    categories: read('categories.yaml', categoriesFile),
    profiles: read('profiles.yaml', profilesFile),
    shopify: read('mappings/shopify.yaml', shopifyFile),
    google: read('mappings/google.yaml', googleFile),
    schemaOrg: read('mappings/schema-org.yaml', schemaOrgFile),
  };
  const attributes: Record<string, z.infer<typeof attributeFile> | null> = {};
  for (const name of [...texts.keys()].sort()) {
    const id = attributeName.exec(name)?.[1];
    if (id !== undefined) attributes[id] = read(name, attributeFile);
    else if (!wholeFiles.some((known) => known === name))
      problems.push({ file: name, path: '', message: 'is no file of a taxonomy' });
  }
  const documents: ReadDocuments = { ...files, attributes };
  problems.push(...findProblems(documents));
  if (problems.length > 0 || !isWhole(documents)) return { problems };
  return { documents, hash: createHash('sha256').update(canonical(documents)).digest('hex') };
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
