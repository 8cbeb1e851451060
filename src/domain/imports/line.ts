/**
 * A line of an import: the `data` of a catalog event as JSON, or `{"productId","deleted":true}`. Read whole, so that whoever mends a
 * file is told of everything that is wrong with the line at once. What it says beyond that is left aside, as with events.
 */
import type { Problem } from '../errors.ts';
import type { CatalogEvent } from '../events/catalog-event.ts';
import { attributesOf, imagesOf, type LineProblems, textOf } from './line-fields.ts';

export type ReadLine =
  | { readonly event: CatalogEvent; readonly problems: null }
  /** `productId`: as far as it could be read, to find the line by. */
  | { readonly event: null; readonly productId: string | null; readonly problems: readonly Problem[] };

/** Problems named of one line, at most. */
const mostProblems = 20;

export function readImportLine(text: string): ReadLine {
  const value = parsed(text);
  if (value === undefined) return wrong(null, [malformed('This is not JSON.', '')]);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return wrong(null, [malformed('This is not a JSON object.', '')]);
  const data = value as Readonly<Record<string, unknown>>;
  const found: Problem[] = [];
  const problems: LineProblems = {
    add: (detail, pointer) => {
      if (found.length < mostProblems) found.push(malformed(detail, pointer));
    },
  };
  const productId = productIdOf(data.productId, problems);
  if (data.deleted !== undefined && data.deleted !== false) {
    if (data.deleted !== true) problems.add('"deleted" is true, or not there.', '/deleted');
    if (productId === null || found.length > 0) return wrong(productId, found);
    return { event: { type: 'product.deleted', productId, at: null }, problems: null };
  }
  const title = optional(data.title, (given) => textOf(given, 512, '/title', problems));
  const category = optional(data.category, (given) => textOf(given, 256, '/category', problems));
  const pictures = data.images === undefined ? undefined : imagesOf(data.images, problems);
  const attributes = attributesOf(data.attributes, problems);
  if (productId === null || found.length > 0) return wrong(productId, found);
  const event: CatalogEvent = {
    type: 'product.upserted',
    productId,
    at: null,
    ...(title === undefined ? {} : { title }),
    ...(category === undefined ? {} : { category }),
    ...(pictures === undefined ? {} : { images: pictures.images }),
    attributes,
    variants: [],
    warnings: pictures?.warnings ?? [],
  };
  return { event, problems: null };
}

function wrong(productId: string | null, problems: readonly Problem[]): ReadLine {
  return { event: null, productId, problems };
}

function malformed(detail: string, pointer: string): Problem {
  return { code: 'request.malformed', detail, pointer };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Absent leaves things as they are; null takes back. */
function optional(value: unknown, read: (given: unknown) => string | null): string | null | undefined {
  return value === undefined ? undefined : value === null ? null : read(value);
}

function productIdOf(value: unknown, problems: LineProblems): string | null {
  if (typeof value !== 'string' || value === '') {
    problems.add('"productId" must be text of 1 to 256 characters.', '/productId');
    return null;
  }
  const characters = value.length > 512 ? value.length : [...value].length;
  if (characters > 256 || /[\p{Cc}\p{Cs}]/u.test(value) || value === '.' || value === '..') {
    problems.add(
      'A product id has 1 to 256 characters, none of them control, and is neither "." nor "..".',
      '/productId',
    );
    return null;
  }
  return value;
}
