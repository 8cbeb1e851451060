/**
 * A product as Shopify's webhooks give it. The option that counts first (the colour, by default) makes the variants, so that sizes do
 * not multiply them; an image belongs to a variant where all that it is shown for are of that one.
 *
 * https://shopify.dev/docs/api/webhooks (products/create, products/update, products/delete)
 */
import { HangtagError } from '../errors.ts';
import type { CatalogEvent, CatalogImage, CatalogUpsert } from './catalog-event.ts';
import { firstImages } from './event-images.ts';
import { type MerchantField, meantOptions, said, saidCategory } from './merchant-fields.ts';
import { createNotes, type Fields, fieldsOf, isFields, lineOf, listOf, type Notes } from './reading.ts';
import { utc } from './utc.ts';

export interface ShopReading {
  readonly fields: readonly MerchantField[];
  /** Whether the taxonomy knows a category by this word. */
  readonly knowsCategory: (text: string) => boolean;
}

interface Option {
  readonly name: string;
  readonly values: readonly string[];
  /** Variant id -> its value. */
  readonly byVariant: ReadonlyMap<string, string>;
}

/** Null for a topic that we have no use for. Throws `event.malformed`, and `event.topic_mismatch` where the topic cannot be the body's. */
export function readShopifyEvent(
  topic: string | null,
  body: unknown,
  reading: ShopReading,
): CatalogEvent | null {
  const deletes = topic === 'products/delete';
  if (!deletes && topic !== 'products/create' && topic !== 'products/update') return null;
  const notes = createNotes();
  const product = fieldsOf(body, '', notes);
  const id = shopId(product.id);
  if (id === null && isFields(body)) notes.wrong('/id', 'A product has a number.');
  notes.refuse();
  matchTopic(product, deletes, ['title', 'variants', 'images', 'options']);
  const productId = `gid://shopify/Product/${id}`;
  if (deletes) return { type: 'product.deleted', productId, at: null };
  const upsert = upsertOf(product, productId, reading, notes);
  notes.refuse();
  return upsert;
}

function upsertOf(
  product: Fields,
  productId: string,
  { fields, knowsCategory }: ShopReading,
  notes: Notes,
): CatalogUpsert {
  const options = meantOptions(fields, optionsOf(product, notes));
  const [first] = options;
  const keyed = first && new Set(first.byVariant.values()).size > 1 ? first : null;
  const keys = keyed ? [...new Set(keyed.byVariant.values())] : [];
  const alike = options.filter((option) => !keyed || (option !== keyed && isShared(option, keyed, keys)));
  const differing = options.filter((option) => !alike.includes(option));
  const { images, warnings } = firstImages(imagesOf(product, keyed, notes));
  const { category } = product;
  const own = {
    category: isFields(category) ? texts(category.admin_graphql_api_id, category.full_name) : texts(category),
    product_type: texts(product.product_type),
  };
  return {
    type: 'product.upserted',
    productId,
    at: typeof product.updated_at === 'string' ? utc(product.updated_at) : null,
    title: lineOf(product.title, '/title', notes),
    images,
    ...saidCategory(fields, own, knowsCategory),
    attributes: said(alike),
    variants: keys.map((key) => ({
      key,
      attributes: said(differing.map((option) => ({ ...option, values: valuesAt(option, keyed!, key) }))),
    })),
    warnings,
    whole: true,
  };
}

function optionsOf(product: Fields, notes: Notes): readonly Option[] {
  const variants = listOf(product.variants, '/variants', notes).filter(isFields);
  return listOf(product.options, '/options', notes).flatMap((one, index): Option[] => {
    if (!isFields(one) || typeof one.name !== 'string') return [];
    const place = typeof one.position === 'number' ? one.position : index + 1;
    const byVariant = new Map(
      variants.flatMap((variant): [string, string][] => {
        const id = shopId(variant.id);
        const [value] = texts(variant[`option${place}`]);
        return id === null || value === undefined ? [] : [[id, value]];
      }),
    );
    const listed = Array.isArray(one.values) ? one.values.flatMap((value) => texts(value)) : [];
    const values = byVariant.size > 0 ? [...new Set(byVariant.values())] : listed;
    return values.length > 0 ? [{ name: one.name, values, byVariant }] : [];
  });
}

/** The option's values among the variants that have this value of the other. */
function valuesAt(option: Option, keyed: Option, key: string): readonly string[] {
  const values = [...option.byVariant]
    .filter(([id]) => keyed.byVariant.get(id) === key)
    .map(([, value]) => value);
  return [...new Set(values)];
}

function isShared(option: Option, keyed: Option, keys: readonly string[]): boolean {
  const all = [...option.values].sort().join('\n');
  return keys.every((key) => [...valuesAt(option, keyed, key)].sort().join('\n') === all);
}

function imagesOf(product: Fields, keyed: Option | null, notes: Notes): readonly CatalogImage[] {
  const images = listOf(product.images, '/images', notes).filter(isFields);
  const place = ({ position }: Fields) => (typeof position === 'number' ? position : Number.MAX_SAFE_INTEGER);
  return [...images]
    .sort((a, b) => place(a) - place(b))
    .flatMap((image): CatalogImage[] => {
      const [url] = texts(image.src);
      if (url === undefined) return [];
      const shown = Array.isArray(image.variant_ids) ? image.variant_ids.map(shopId) : [];
      const keys = new Set(shown.map((id) => (id === null ? undefined : keyed?.byVariant.get(id))));
      const [key] = keys.size === 1 ? keys : [];
      return [{ reference: { kind: 'url', url }, view: null, variant: key ?? null, ref: shopId(image.id) }];
    });
}

/** A number as shops write ids, or the same as text. */
export function shopId(value: unknown): string | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? String(value) : null;
  return typeof value === 'string' && /^[1-9]\d{0,19}$/.test(value) ? value : null;
}

/** Words that say something, short enough to be names and free of what no name has. */
export function texts(...values: readonly unknown[]): readonly string[] {
  return values.flatMap((value) => {
    const text = typeof value === 'string' ? value.trim() : '';
    return text !== '' && text.length <= 2048 && !/[\p{Cc}\p{Cs}]/u.test(text) ? [text] : [];
  });
}

/** A deletion says no more than the id; a product says more. Topics are not signed: one of another body was put there by somebody. */
export function matchTopic(product: Fields, deletes: boolean, parts: readonly string[]): void {
  const full = parts.some((part) => Object.hasOwn(product, part));
  if (full !== deletes) return;
  const detail = deletes
    ? 'A deletion carries only the product’s id; this body is a whole product. Nothing was done.'
    : 'This body is only an id, as deletions are; its topic says otherwise. Nothing was done.';
  throw new HangtagError('event.topic_mismatch', detail);
}
