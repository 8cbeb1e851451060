/** The parts of an import's line: pictures by reference, and attributes in the merchant's words. */
import type { CatalogImage, CatalogWord, CatalogWords } from '../events/catalog-event.ts';
import type { ImageReference } from '../image-reference.ts';
import { pointerKey } from '../review/refusal.ts';
import type { Warning } from '../tagging/types.ts';

/** Where mistakes are named, each with a JSON pointer. */
export interface LineProblems {
  add(detail: string, pointer: string): void;
}

const views = ['front', 'back', 'side', 'detail', 'other'];
/** Pictures of one variant (or of none); the first by position. */
const mostImages = 8;
const longestReference = 2048;
const mostAttributes = 200;
const mostValues = 50;

/** Trimmed; null where nothing is left, or where it is wrong and was named. `most`: characters. */
export function textOf(value: unknown, most: number, pointer: string, problems: LineProblems): string | null {
  if (typeof value !== 'string') {
    problems.add('This must be text.', pointer);
    return null;
  }
  const text = value.trim();
  if (text.length > 2 * most || [...text].length > most) {
    problems.add(`This has at most ${most} characters.`, pointer);
    return null;
  }
  if (/[\p{Cc}\p{Cs}]/u.test(text)) {
    problems.add('This has no control characters.', pointer);
    return null;
  }
  return text === '' ? null : text;
}

export function imagesOf(
  value: unknown,
  problems: LineProblems,
): { readonly images: readonly CatalogImage[]; readonly warnings: readonly Warning[] } {
  if (!Array.isArray(value)) {
    problems.add('"images" must be a list; absent leaves the pictures as they are.', '/images');
    return { images: [], warnings: [] };
  }
  const perVariant = new Map<string | null, number>();
  const images: CatalogImage[] = [];
  let skipped = 0;
  for (const [index, given] of value.entries()) {
    const image = imageOf(given, `/images/${index}`, problems);
    if (!image) continue;
    const count = perVariant.get(image.variant) ?? 0;
    perVariant.set(image.variant, count + 1);
    if (count < mostImages) images.push(image);
    else skipped++;
  }
  const detail = `${skipped} images were left out: the first ${mostImages} of each variant are used.`;
  return {
    images,
    warnings: skipped === 0 ? [] : [{ code: 'images.skipped', detail, pointer: '/images' }],
  };
}

function imageOf(value: unknown, pointer: string, problems: LineProblems): CatalogImage | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.add('An image is an object with "url" or "s3".', pointer);
    return null;
  }
  const { view, variant, ref, ...rest } = value as Readonly<Record<string, unknown>>;
  const reference = referenceOf(rest, pointer, problems);
  const word = (given: unknown, most: number, name: string) =>
    given === undefined || given === null ? null : textOf(given, most, `${pointer}/${name}`, problems);
  const shown = word(view, 32, 'view');
  if (shown !== null && !views.includes(shown))
    problems.add(`A view is one of ${views.join(', ')}.`, `${pointer}/view`);
  const words = { view: shown, variant: word(variant, 128, 'variant'), ref: word(ref, 512, 'ref') };
  return reference && { reference, ...words };
}

function referenceOf(
  { url, s3, base64 }: Readonly<Record<string, unknown>>,
  pointer: string,
  problems: LineProblems,
): ImageReference | null {
  if (base64 !== undefined) {
    problems.add('Pictures are not sent in an import: name them by "url" or "s3".', `${pointer}/base64`);
    return null;
  }
  if ((url === undefined) === (s3 === undefined)) {
    problems.add('An image is exactly one of "url" and "s3".', pointer);
    return null;
  }
  const name = url === undefined ? 's3' : 'url';
  const text = textOf(url ?? s3, longestReference, `${pointer}/${name}`, problems);
  if (text !== null) return name === 'url' ? { kind: 'url', url: text } : { kind: 's3', uri: text };
  if (isBlank(url ?? s3)) problems.add('This is empty.', `${pointer}/${name}`);
  return null;
}

/** By attribute, as the sender names it; null takes back what was said. */
export function attributesOf(value: unknown, problems: LineProblems): CatalogWords {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.add('"attributes" must be an object of attributes and their values.', '/attributes');
    return {};
  }
  const entries = Object.entries(value);
  if (entries.length > mostAttributes) {
    problems.add(`There are at most ${mostAttributes} attributes.`, '/attributes');
    return {};
  }
  return Object.fromEntries(
    entries.map(([name, words]): [string, readonly CatalogWord[] | null] => {
      const pointer = `/attributes/${pointerKey(name)}`;
      if (name.trim() === '' || name.length > 128) problems.add('This is no name of an attribute.', pointer);
      return [name.trim(), words === null ? null : wordsOf(words, pointer, problems)];
    }),
  );
}

function wordsOf(value: unknown, pointer: string, problems: LineProblems): readonly CatalogWord[] {
  if (!Array.isArray(value) || value.length > mostValues) {
    problems.add(
      `This must be a list of at most ${mostValues} values, as ["navy"] or [{"label":"Navy blue"}], or null.`,
      pointer,
    );
    return [];
  }
  return value.flatMap((given, index): CatalogWord[] => {
    const verbatim = typeof given === 'object' && given !== null;
    const label = verbatim ? (given as { readonly label?: unknown }).label : given;
    const place = `${pointer}/${index}${verbatim ? '/label' : ''}`;
    const text = textOf(label, 256, place, problems);
    if (isBlank(label)) problems.add('This is empty.', place);
    return text === null ? [] : [{ label: text, verbatim }];
  });
}

function isBlank(value: unknown): boolean {
  return typeof value === 'string' && value.trim() === '';
}
