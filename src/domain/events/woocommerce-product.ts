/**
 * A product as WooCommerce's webhooks give it. Its images belong to no single variation, so it has no variants here: an attribute says
 * all the values that the product comes in.
 *
 * https://woocommerce.github.io/woocommerce-rest-api-docs/#products (product.created, updated, deleted, restored)
 */
import type { CatalogEvent, CatalogImage } from './catalog-event.ts';
import { firstImages } from './event-images.ts';
import { meantOptions, type ShopOption, said, saidCategory } from './merchant-fields.ts';
import { createNotes, type Fields, fieldsOf, isFields, lineOf, listOf, type Notes } from './reading.ts';
import { matchTopic, type ShopReading, shopId, texts } from './shopify-product.ts';
import { utc } from './utc.ts';

const topics = ['product.created', 'product.updated', 'product.deleted', 'product.restored'];

/** `host`: of the site that sends, in lower case; null where it did not say. Else as `readShopifyEvent`. */
export function readWooEvent(
  topic: string | null,
  host: string | null,
  body: unknown,
  { fields, knowsCategory }: ShopReading,
): CatalogEvent | null {
  if (topic === null || !topics.includes(topic)) return null;
  const notes = createNotes();
  const product = fieldsOf(body, '', notes);
  const id = shopId(product.id);
  if (id === null && isFields(body)) notes.wrong('/id', 'A product has a number.');
  if (host === null)
    notes.wrong('', 'The header x-wc-webhook-source names the site, as https://shop.example/.');
  notes.refuse();
  const deletes = topic === 'product.deleted';
  matchTopic(product, deletes, ['name', 'images', 'attributes', 'status']);
  const productId = `woocommerce:${host}:${id}`;
  if (deletes) return { type: 'product.deleted', productId, at: null };
  const { images, warnings } = firstImages(imagesOf(product, notes));
  const categories = listOf(product.categories, '/categories', notes).filter(isFields);
  const own = {
    categories: categories.filter(({ slug }) => slug !== 'uncategorized').flatMap(({ name }) => texts(name)),
  };
  const restores = topic === 'product.restored';
  const event: CatalogEvent = {
    type: 'product.upserted',
    productId,
    // A deletion says no time, so its arrival counts; what takes it back must be later than that.
    at:
      restores || typeof product.date_modified_gmt !== 'string' ? null : utc(product.date_modified_gmt, true),
    title: lineOf(product.name, '/name', notes),
    images,
    ...saidCategory(fields, own, knowsCategory),
    attributes: said(meantOptions(fields, attributesOf(product, notes))),
    variants: [],
    warnings,
    whole: true,
    ...(restores ? { restores: true as const } : {}),
  };
  notes.refuse();
  return event;
}

function attributesOf(product: Fields, notes: Notes): readonly ShopOption[] {
  return listOf(product.attributes, '/attributes', notes).flatMap((one): ShopOption[] => {
    if (!isFields(one) || typeof one.name !== 'string') return [];
    const values = Array.isArray(one.options) ? texts(...one.options) : [];
    return values.length > 0 ? [{ name: one.name, values: [...new Set(values)] }] : [];
  });
}

/** In the order in which they come. */
function imagesOf(product: Fields, notes: Notes): readonly CatalogImage[] {
  return listOf(product.images, '/images', notes)
    .filter(isFields)
    .flatMap((image): CatalogImage[] => {
      const [url] = texts(image.src);
      return url === undefined
        ? []
        : [{ reference: { kind: 'url', url }, view: null, variant: null, ref: shopId(image.id) }];
    });
}
