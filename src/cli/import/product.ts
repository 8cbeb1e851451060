/** One product as the sources give it, checked as far as that needs no server. */
import path from 'node:path';

export interface ImportProduct {
  readonly id: string;
  /** Absolute paths, or where they are to be fetched from; 1 to 8. */
  readonly images: readonly string[];
  readonly category: string | null;
  readonly title: string | null;
  /** One per image, empty where none is stated; or none at all. */
  readonly views: readonly string[];
  readonly variants: readonly string[];
  /** What the merchant says: attribute to values, each by its id or label. */
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

/** To be fetched by the server. */
export function isRemote(image: string): boolean {
  return /^(https?|s3):\/\//i.test(image);
}

/** What stands in a source, in its words; paths relative to the source. */
export interface RawProduct {
  readonly id: string;
  readonly images: readonly string[];
  readonly category?: string | undefined;
  readonly title?: string | undefined;
  readonly views?: readonly string[] | undefined;
  readonly variants?: readonly string[] | undefined;
  /** Pairs of an attribute and a value; several of one attribute are several values. */
  readonly attributes?: readonly (readonly [string, string])[] | undefined;
}

/** Nothing was sent: the source has to be put right first. */
export class SourceError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'SourceError';
    this.problems = problems;
  }
}

export const mostImages = 8;
const views = ['', 'front', 'back', 'side', 'detail', 'other'];

/** The product, or what is wrong with it, every mistake in words. */
export function checkProduct(raw: RawProduct, base: string): ImportProduct | readonly string[] {
  const problems: string[] = [];
  const id = raw.id.trim();
  const images = raw.images.map((image) => image.trim());
  if (id === '') problems.push('there is no id');
  else if ([...id].length > 256 || /\p{Cc}|\p{Cs}/u.test(id) || id === '.' || id === '..')
    problems.push(
      `${JSON.stringify(id.slice(0, 60))} is no product id: 1 to 256 characters, none of them control`,
    );
  if (images.length === 0 || images.includes('')) problems.push('an image path is missing');
  if (images.length > mostImages)
    problems.push(`a product has at most ${mostImages} images, here are ${images.length}`);
  for (const view of raw.views ?? [])
    if (!views.includes(view))
      problems.push(`the view ${JSON.stringify(view)} is none of ${views.slice(1).join(', ')}`);
  for (const [name, list] of [
    ['views', raw.views],
    ['variants', raw.variants],
  ] as const) {
    if (list && list.length > 0 && list.length !== images.length)
      problems.push(`${name} has one entry per image: ${images.length} images, ${list.length} entries`);
    if (list?.some((entry) => /[,\p{Cc}]/u.test(entry)))
      problems.push(`an entry of ${name} has a comma or a control character`);
  }
  const attributes: Record<string, string[]> = {};
  for (const [attribute, value] of raw.attributes ?? []) {
    const [name, label] = [attribute.trim(), value.trim()];
    if (name === '' || label === '')
      problems.push(`${JSON.stringify(`${attribute}/${value}`.slice(0, 60))} is not <attribute>/<value>`);
    else attributes[name] = [...(attributes[name] ?? []), label];
  }
  if (problems.length > 0) return problems;
  return {
    id,
    images: images.map((image) => (isRemote(image) ? image : path.resolve(base, image))),
    category: raw.category?.trim() || null,
    title: raw.title?.trim() || null,
    views: raw.views ?? [],
    variants: raw.variants ?? [],
    attributes,
  };
}
