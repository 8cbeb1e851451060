/**
 * Our own form of an event, for shops that are none of those we know: `{"type","timestamp","data"}`. Fields that nobody knows are left
 * alone, so that a sender may be newer than we are. A line of an import is its `data`.
 */
import type { ImageReference } from '../image-reference.ts';
import type {
  CatalogEvent,
  CatalogImage,
  CatalogUpsert,
  CatalogWord,
  CatalogWords,
} from './catalog-event.ts';
import { firstImages } from './event-images.ts';
import {
  below,
  createNotes,
  type Fields,
  fieldsOf,
  isFields,
  lineOf,
  listOf,
  type Notes,
} from './reading.ts';
import { utc } from './utc.ts';

const views = ['front', 'back', 'side', 'detail', 'other'];
const longestReference = 2048;
const mostImages = 1000;
const mostVariants = 500;
const mostAttributes = 200;
const mostWords = 50;

/** Null for a type that we have no use for. Throws `event.malformed` with everything that is wrong. */
export function readCatalogEvent(body: unknown): CatalogEvent | null {
  const notes = createNotes();
  const { type, timestamp, data } = fieldsOf(body, '', notes);
  if (typeof type === 'string' && type !== 'product.upserted' && type !== 'product.deleted') return null;
  if (typeof type !== 'string' && isFields(body))
    notes.wrong('/type', 'It is product.upserted or product.deleted.');
  const at = timeOf(timestamp, '/timestamp', notes);
  const fields = isFields(body) ? fieldsOf(data, '/data', notes) : {};
  const productId = isFields(data) ? idOf(fields.productId, '/data/productId', notes) : '';
  if (type === 'product.deleted') {
    notes.refuse();
    return { type, productId, at };
  }
  const upsert = upsertOf(fields, productId, at, '/data', notes);
  notes.refuse();
  return upsert;
}

/** The `data` of an upsert by itself, which was said at that time. Throws `event.malformed`, with pointers into `data`. */
export function readCatalogProduct(data: unknown, at: string | null): CatalogUpsert {
  const notes = createNotes();
  const fields = fieldsOf(data, '', notes);
  const productId = isFields(data) ? idOf(fields.productId, '/productId', notes) : '';
  const upsert = upsertOf(fields, productId, at, '', notes);
  notes.refuse();
  return upsert;
}

function upsertOf(
  data: Fields,
  productId: string,
  at: string | null,
  root: string,
  notes: Notes,
): CatalogUpsert {
  const { title, images, category } = data;
  if (images === null) notes.wrong(`${root}/images`, 'It is a list; an empty one removes them all.');
  const stated = images === undefined ? null : firstImages(imagesOf(images, `${root}/images`, notes));
  return {
    type: 'product.upserted',
    productId,
    at,
    ...(title === undefined ? {} : { title: lineOf(title, `${root}/title`, notes) }),
    ...(stated ? { images: stated.images } : {}),
    ...(category === undefined ? {} : { category: lineOf(category, `${root}/category`, notes, 256) }),
    attributes: wordsOf(data.attributes, `${root}/attributes`, notes),
    variants: variantsOf(data.variants, `${root}/variants`, notes),
    warnings: stated?.warnings ?? [],
  };
}

/** As the door takes it: 1 to 256 characters, and no path. */
function idOf(value: unknown, pointer: string, notes: Notes): string {
  const good =
    typeof value === 'string' &&
    value.length <= 512 &&
    /^[^\p{Cc}\p{Cs}]{1,256}$/u.test(value) &&
    value !== '.' &&
    value !== '..';
  if (good) return value;
  notes.wrong(pointer, 'A product id is text of 1 to 256 characters, without control characters.');
  return '';
}

function timeOf(value: unknown, pointer: string, notes: Notes): string | null {
  if (value === undefined || value === null) return null;
  const at = typeof value === 'string' ? utc(value) : null;
  if (at === null) notes.wrong(pointer, 'It is a time such as 2026-11-24T10:00:00Z.');
  return at;
}

function imagesOf(value: unknown, pointer: string, notes: Notes): readonly CatalogImage[] {
  const list = listOf(value, pointer, notes);
  if (list.length > mostImages) notes.wrong(pointer, `There are at most ${mostImages}.`);
  return list.slice(0, mostImages).flatMap((one, index) => {
    const here = below(pointer, index);
    const image = fieldsOf(one, here, notes);
    const reference = isFields(one) ? referenceOf(image, here, notes) : null;
    const view = lineOf(image.view, `${here}/view`, notes, 16);
    if (view !== null && !views.includes(view))
      notes.wrong(`${here}/view`, `It is one of ${views.join(', ')}.`);
    const variant = lineOf(image.variant, `${here}/variant`, notes, 128);
    const ref = lineOf(image.ref, `${here}/ref`, notes);
    return reference ? [{ reference, view, variant, ref }] : [];
  });
}

function referenceOf({ url, s3, base64 }: Fields, here: string, notes: Notes): ImageReference | null {
  if (base64 !== undefined) {
    notes.wrong(
      `${here}/base64`,
      'An event only names its images: by url or s3. POST /products/{id}/tags takes bytes.',
    );
    return null;
  }
  if ((url === undefined) === (s3 === undefined)) {
    notes.wrong(here, 'An image is exactly one of url and s3.');
    return null;
  }
  const name = url === undefined ? 's3' : 'url';
  const text = lineOf(url ?? s3, `${here}/${name}`, notes, longestReference);
  if (text === null) {
    notes.wrong(`${here}/${name}`, 'It is where the image lies.');
    return null;
  }
  return name === 'url' ? { kind: 'url', url: text } : { kind: 's3', uri: text };
}

function wordsOf(value: unknown, pointer: string, notes: Notes): CatalogWords {
  if (value === undefined) return {};
  const entries = Object.entries(fieldsOf(value, pointer, notes));
  if (entries.length > mostAttributes)
    notes.wrong(pointer, `There are at most ${mostAttributes} attributes.`);
  return Object.fromEntries(
    entries.slice(0, mostAttributes).flatMap(([given, words]): [string, readonly CatalogWord[] | null][] => {
      const here = below(pointer, given);
      const name = lineOf(given, here, notes, 128);
      if (given.trim() === '') notes.wrong(here, 'An attribute has a name.');
      if (name === null) return [];
      if (words === null) return [[name, null]];
      const list = listOf(words === undefined ? null : words, here, notes);
      if (list.length > mostWords) notes.wrong(here, `There are at most ${mostWords} values.`);
      return [
        [name, list.slice(0, mostWords).flatMap((word, index) => wordOf(word, below(here, index), notes))],
      ];
    }),
  );
}

function wordOf(value: unknown, here: string, notes: Notes): readonly CatalogWord[] {
  const verbatim = isFields(value);
  const label = lineOf(verbatim ? value.label : value, verbatim ? `${here}/label` : here, notes, 256);
  if (label === null) {
    notes.wrong(here, 'A value is its id or name, or {"label": …} to keep your own wording.');
    return [];
  }
  return [{ label, verbatim }];
}

function variantsOf(value: unknown, pointer: string, notes: Notes): CatalogUpsert['variants'] {
  const list = listOf(value, pointer, notes);
  if (list.length > mostVariants) notes.wrong(pointer, `There are at most ${mostVariants}.`);
  return list.slice(0, mostVariants).flatMap((one, index) => {
    const here = below(pointer, index);
    const fields = fieldsOf(one, here, notes);
    const key = lineOf(fields.key, `${here}/key`, notes, 128);
    if (key === null && isFields(one)) notes.wrong(`${here}/key`, 'A variant has a key.');
    return key === null ? [] : [{ key, attributes: wordsOf(fields.attributes, `${here}/attributes`, notes) }];
  });
}
