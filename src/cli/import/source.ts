/** Where products come from: a folder of photos, a CSV or an NDJSON file. Read whole and checked before anything is sent. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseCsv } from './csv.ts';
import { checkProduct, type ImportProduct, mostImages, type RawProduct, SourceError } from './product.ts';

export interface Source {
  readonly products: readonly ImportProduct[];
  /** What was left out on purpose, in words. */
  readonly notes: readonly string[];
}

const columns = ['id', 'images', 'category', 'title', 'variant', 'views', 'attributes'];
const keys = ['id', 'images', 'category', 'title', 'views', 'variants', 'attributes'];
const photo = /\.(jpe?g|png|webp|avif|gif|tiff?)$/i;
const byName = new Intl.Collator('en', { numeric: true }).compare;

/** Throws SourceError with every problem and its line. */
export async function readSource(source: string): Promise<Source> {
  const found = await stat(source).catch(() => null);
  if (!found) throw new SourceError([`There is no ${source}.`]);
  if (found.isDirectory()) return readFolder(source);
  if (/\.csv$/i.test(source)) return readCsv(source);
  if (/\.(ndjson|jsonl)$/i.test(source)) return readLines(source);
  throw new SourceError([`${source} is neither a folder nor a .csv, .ndjson or .jsonl file.`]);
}

/** Files are products of one image; sub-folders are products of all their images, by name. */
async function readFolder(folder: string): Promise<Source> {
  const notes: string[] = [];
  const found: Found[] = [];
  const entries = (await readdir(folder, { withFileTypes: true })).filter(
    ({ name }) => !name.startsWith('.'),
  );
  for (const entry of entries.sort((a, b) => byName(a.name, b.name))) {
    if (entry.isDirectory()) {
      const names = (await readdir(path.join(folder, entry.name))).filter(
        (name) => photo.test(name) && !name.startsWith('.'),
      );
      const images = names.sort(byName).map((name) => path.join(entry.name, name));
      if (images.length === 0) notes.push(`${entry.name}/ has no photos and was left out`);
      if (images.length > mostImages)
        notes.push(`${entry.name}/ has ${images.length} photos; the first ${mostImages} by name are sent`);
      if (images.length > 0)
        found.push({ where: `${entry.name}/`, raw: { id: entry.name, images: images.slice(0, mostImages) } });
    } else if (photo.test(entry.name)) {
      found.push({ where: entry.name, raw: { id: path.parse(entry.name).name, images: [entry.name] } });
    } else {
      notes.push(`${entry.name} is no photo and was left out`);
    }
  }
  return { products: checkAll(found, folder), notes };
}

async function readCsv(file: string): Promise<Source> {
  const { rows, problems } = parseCsv(await readText(file));
  const [header, ...body] = rows;
  const names = header?.fields.map((name) => name.trim().toLowerCase()) ?? [];
  const wrong = [...problems];
  for (const name of names)
    if (!columns.includes(name))
      wrong.push(`line 1: the column ${JSON.stringify(name)} is not known; known are ${columns.join(', ')}`);
  for (const name of ['id', 'images'])
    if (!names.includes(name)) wrong.push(`line 1: there is no column "${name}"`);
  if (new Set(names).size < names.length) wrong.push('line 1: a column is named twice');
  // Without a sound header no row means anything.
  if (wrong.length > problems.length) throw new SourceError(wrong);
  const found = body.flatMap(({ line, fields }): Found[] => {
    if (fields.length !== names.length) {
      wrong.push(`line ${line}: ${fields.length} fields, but the header has ${names.length}`);
      return [];
    }
    const row = Object.fromEntries(names.map((name, index) => [name, fields[index]!]));
    const images = split(row.images);
    const variants = split(row.variant);
    const one = variants.length === 1 ? images.map(() => variants[0]!) : variants;
    const { id = '', category, title } = row;
    const attributes = split(row.attributes).map(pair);
    const raw = { id, images, category, title, views: split(row.views), variants: one, attributes };
    return [{ where: `line ${line}`, raw }];
  });
  return { products: checkAll(found, path.dirname(file), wrong), notes: [] };
}

async function readLines(file: string): Promise<Source> {
  const wrong: string[] = [];
  const found = (await readText(file)).split('\n').flatMap((text, index): Found[] => {
    if (text.trim() === '') return [];
    const raw = parseLine(text);
    if (typeof raw !== 'string') return [{ where: `line ${index + 1}`, raw }];
    wrong.push(`line ${index + 1}: ${raw}`);
    return [];
  });
  return { products: checkAll(found, path.dirname(file), wrong), notes: [] };
}

function parseLine(text: string): RawProduct | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'this is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'this is not a JSON object';
  const given = Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== null));
  const unknown = Object.keys(given).find((key) => !keys.includes(key));
  if (unknown !== undefined) return `${JSON.stringify(unknown)} is not known; known are ${keys.join(', ')}`;
  for (const key of ['id', 'category', 'title'])
    if (given[key] !== undefined && typeof given[key] !== 'string') return `"${key}" must be text`;
  for (const key of ['images', 'views', 'variants'])
    if (given[key] !== undefined && !isTexts(given[key])) return `"${key}" must be a list of texts`;
  if (given.attributes !== undefined && !isStatement(given.attributes))
    return '"attributes" must be an object of attributes, each with a list of texts: {"color":["navy"]}';
  const { id = '', images = [], attributes = {}, ...rest } = given as unknown as Line;
  const pairs = Object.entries(attributes).flatMap(([name, values]) =>
    values.map((value) => [name, value] as const),
  );
  return { ...rest, id, images, attributes: pairs };
}

/** A line whose types were checked. */
type Line = Omit<RawProduct, 'attributes'> & { readonly attributes?: Readonly<Record<string, string[]>> };

interface Found {
  readonly where: string;
  readonly raw: RawProduct;
}

function checkAll(found: readonly Found[], base: string, wrong: readonly string[] = []): ImportProduct[] {
  const problems = [...wrong];
  const seen = new Map<string, string>();
  const products = found.flatMap(({ where, raw }): ImportProduct[] => {
    const product = checkProduct(raw, base);
    if (!('id' in product)) {
      problems.push(...product.map((problem) => `${where}: ${problem}`));
      return [];
    }
    const first = seen.get(product.id);
    if (first) problems.push(`${where}: the id ${JSON.stringify(product.id)} stands at ${first} already`);
    else seen.set(product.id, where);
    return [product];
  });
  if (problems.length > 0) throw new SourceError(problems);
  return products;
}

async function readText(file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    if (error instanceof TypeError) throw new SourceError([`${file} is not UTF-8 text.`]);
    throw error;
  }
}

/** `a|b|c`; nothing where the field is empty or its column is absent. */
function split(field: string | undefined): string[] {
  return field === undefined || field.trim() === '' ? [] : field.split('|').map((entry) => entry.trim());
}

/** `material/Washed denim` */
function pair(entry: string): readonly [string, string] {
  const slash = entry.indexOf('/');
  return slash < 0 ? [entry, ''] : [entry.slice(0, slash), entry.slice(slash + 1)];
}

function isStatement(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(isTexts)
  );
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
