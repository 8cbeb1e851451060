/** What shops send, and the one shape that it comes to. The payloads are ours, shaped after what each of them documents. */
import { describe, expect, test } from 'vitest';
import { readCatalogEvent } from '../../../src/domain/events/catalog-body.ts';
import type { CatalogUpsert } from '../../../src/domain/events/catalog-event.ts';
import { readMerchantFields } from '../../../src/domain/events/merchant-fields.ts';
import { readShopifyEvent } from '../../../src/domain/events/shopify-product.ts';
import { readWooEvent } from '../../../src/domain/events/woocommerce-product.ts';

const problems = (read: () => unknown) => {
  try {
    read();
    return [];
  } catch (error) {
    const { code, errors } = error as { code: string; errors: { pointer: string }[] };
    return [code, ...errors.map(({ pointer }) => pointer)];
  }
};
const word = (label: string, verbatim = false) => ({ label, verbatim });

describe('our own form', () => {
  const event = (data: object, type = 'product.upserted') => ({
    type,
    timestamp: '2026-11-24T11:00:00+01:00',
    data: { productId: 'sku-1', ...data },
  });

  test('says only what it names; words are kept as they are written', () => {
    expect(readCatalogEvent(event({ brand: 'nobody knows this field' }))).toEqual({
      type: 'product.upserted',
      productId: 'sku-1',
      at: '2026-11-24T10:00:00.000Z',
      attributes: {},
      variants: [],
      warnings: [],
    });
    const full = event({
      title: ' Tee ',
      category: null,
      images: [
        { url: 'https://a.example/1.jpg', view: 'front', variant: 'red', ref: 'a' },
        { s3: 's3://shop/2.jpg' },
      ],
      attributes: { color: ['navy'], material: [{ label: 'Toasted Walnut' }], pattern: null, fit: [] },
      variants: [{ key: 'red', attributes: { color: ['red'] } }],
    });
    expect(readCatalogEvent(full)).toMatchObject({
      title: 'Tee',
      category: null,
      images: [
        {
          reference: { kind: 'url', url: 'https://a.example/1.jpg' },
          view: 'front',
          variant: 'red',
          ref: 'a',
        },
        { reference: { kind: 's3', uri: 's3://shop/2.jpg' }, view: null, variant: null, ref: null },
      ],
      attributes: { color: [word('navy')], material: [word('Toasted Walnut', true)], pattern: null, fit: [] },
      variants: [{ key: 'red', attributes: { color: [word('red')] } }],
    });
    expect(readCatalogEvent(event({ images: [] }))).toMatchObject({ images: [] });
    expect(readCatalogEvent(event({}, 'product.deleted'))).toEqual({
      type: 'product.deleted',
      productId: 'sku-1',
      at: '2026-11-24T10:00:00.000Z',
    });
    expect(readCatalogEvent(event({}, 'order.paid'))).toBeNull();
  });

  test('more than eight images of one variant: the first eight, and a warning', () => {
    const images = Array.from({ length: 20 }, (_, index) => ({
      url: `https://a.example/${index}.jpg`,
      variant: index % 2 === 0 ? 'red' : 'navy',
    }));
    const read = readCatalogEvent(event({ images })) as CatalogUpsert;
    expect(read.images).toHaveLength(16);
    expect(read.warnings.map(({ code }) => code)).toEqual(['images.skipped']);
  });

  test.each([
    ['no object', [], ['event.malformed', '']],
    ['nothing', {}, ['event.malformed', '/type', '/data']],
    ['no data', { type: 'product.upserted' }, ['event.malformed', '/data']],
    [
      'everything wrong',
      {
        type: 'product.upserted',
        timestamp: 'yesterday',
        data: {
          productId: '..',
          title: 7,
          images: [{ base64: 'aGk=' }, { url: 'a', s3: 'b' }, { url: 'a', view: 'top' }, 7],
          attributes: { 'a/b': 'navy', color: [7] },
          variants: [{}],
        },
      },
      [
        'event.malformed',
        '/timestamp',
        '/data/productId',
        '/data/images/0/base64',
        '/data/images/1',
        '/data/images/2/view',
        '/data/images/3',
        '/data/title',
        '/data/attributes/a~1b',
        '/data/attributes/color/0',
        '/data/attributes/color/0',
        '/data/variants/0/key',
      ],
    ],
    ['images that are null', event({ images: null }), ['event.malformed', '/data/images']],
  ])('refused with every mistake: %s', (_, body, expected) => {
    expect(problems(() => readCatalogEvent(body)).sort()).toEqual([...expected].sort());
  });
});

const reading = (fields: string, known: readonly string[] = []) => ({
  fields: readMerchantFields(fields),
  knowsCategory: (text: string) => known.includes(text),
});
const usual = 'category,product_type,color,colour,material,fabric,pattern';

describe('Shopify', () => {
  const product = {
    id: 788032119674292,
    admin_graphql_api_id: 'gid://shopify/Product/788032119674292',
    title: 'Tee',
    product_type: 'T-Shirt',
    tags: 'color/red, Sale',
    updated_at: '2026-11-24T05:00:00-05:00',
    options: [
      { name: 'Size', position: 1, values: ['S', 'M'] },
      { name: 'Colour', position: 2, values: ['Navy', 'White'] },
      { name: 'Fabric', position: 3, values: ['Cotton'] },
    ],
    variants: [
      { id: 1, option1: 'S', option2: 'Navy', option3: 'Cotton' },
      { id: 2, option1: 'M', option2: 'Navy', option3: 'Cotton' },
      { id: 3, option1: 'S', option2: 'White', option3: 'Cotton' },
    ],
    images: [
      { id: 12, position: 2, src: 'https://cdn.shopify.com/b.jpg', variant_ids: [3] },
      { id: 11, position: 1, src: 'https://cdn.shopify.com/a.jpg', variant_ids: [1, 2] },
      { id: 13, position: 3, src: 'https://cdn.shopify.com/c.jpg', variant_ids: [1, 3] },
      { id: 14, position: 4, src: 'https://cdn.shopify.com/d.jpg', variant_ids: [] },
    ],
  };
  const read = (body: object, topic = 'products/update', fields = usual, known: readonly string[] = []) =>
    readShopifyEvent(topic, body, reading(fields, known)) as CatalogUpsert;

  test('colours make the variants, sizes do not; an image of two colours is of none', () => {
    const event = read(product);
    expect(event).toMatchObject({
      productId: 'gid://shopify/Product/788032119674292',
      at: '2026-11-24T10:00:00.000Z',
      title: 'Tee',
      category: 'T-Shirt',
      attributes: { material: [word('Cotton')] },
      variants: [
        { key: 'Navy', attributes: { color: [word('Navy')] } },
        { key: 'White', attributes: { color: [word('White')] } },
      ],
      whole: true,
    });
    expect(event.images?.map(({ ref, variant }) => [ref, variant])).toEqual([
      ['11', 'Navy'],
      ['12', 'White'],
      ['13', null],
      ['14', null],
    ]);
  });

  test('of one colour has no variants; a fabric that differs stands with each', () => {
    const plain = { ...product, variants: product.variants.slice(0, 2) };
    expect(read(plain)).toMatchObject({
      attributes: { color: [word('Navy')], material: [word('Cotton')] },
      variants: [],
    });
    const wool = { id: 4, option1: 'S', option2: 'White', option3: 'Wool' };
    expect(read({ ...product, variants: [...product.variants, wool] })).toMatchObject({
      attributes: {},
      variants: [
        { key: 'Navy', attributes: { material: [word('Cotton')] } },
        { key: 'White', attributes: { material: [word('Cotton'), word('Wool')] } },
      ],
    });
  });

  test('the category that the taxonomy knows, else the first; none takes it back; only fields that count', () => {
    const category = { admin_graphql_api_id: 'gid://shopify/TaxonomyCategory/aa-1', full_name: 'Apparel' };
    expect(read({ ...product, category }).category).toBe('gid://shopify/TaxonomyCategory/aa-1');
    expect(read({ ...product, category }, 'products/create', usual, ['T-Shirt']).category).toBe('T-Shirt');
    expect(read({ ...product, product_type: '' }).category).toBeNull();
    const german = read(product, 'products/update', 'Colour=lens-tint');
    expect(german).not.toHaveProperty('category');
    expect(german.variants[0]?.attributes).toEqual({ 'lens-tint': [word('Navy')] });
    expect(
      read({ ...product, options: [{ name: 'tags', position: 2 }] }, 'products/update', 'tags=color')
        .variants,
    ).toEqual([]);
  });

  test('of which little is there, and strange things are', () => {
    expect(read({ id: 7, title: null, images: null, variants: [7], options: [{}] })).toMatchObject({
      at: null,
      title: null,
      images: [],
      attributes: {},
    });
    expect(problems(() => read({ id: 'x' }))).toEqual(['event.malformed', '/id']);
    expect(problems(() => read([]))).toEqual(['event.malformed', '']);
    expect(problems(() => read({ ...product, images: 7 }))).toEqual(['event.malformed', '/images']);
  });

  test('a deletion is the id alone, under its topic; other topics are none of ours', () => {
    expect(readShopifyEvent('products/delete', { id: 42 }, reading(usual))).toEqual({
      type: 'product.deleted',
      productId: 'gid://shopify/Product/42',
      at: null,
    });
    expect(problems(() => read(product, 'products/delete'))).toEqual(['event.topic_mismatch']);
    expect(problems(() => read({ id: 42 }))).toEqual(['event.topic_mismatch']);
    for (const topic of ['orders/paid', null])
      expect(readShopifyEvent(topic, product, reading(usual))).toBeNull();
  });
});

describe('WooCommerce', () => {
  const product = {
    id: 42,
    name: 'Tee',
    status: 'publish',
    date_modified_gmt: '2026-11-24T10:00:00',
    images: [{ id: 9, src: 'https://shop.example/a.jpg', alt: '' }, { id: 10 }],
    categories: [
      { id: 1, name: 'Uncategorized', slug: 'uncategorized' },
      { id: 2, name: 'Sale', slug: 'sale' },
      { id: 3, name: 'T-shirt', slug: 't-shirt' },
    ],
    attributes: [
      { id: 6, name: 'Color', variation: true, options: ['Navy', 'White'] },
      { id: 0, name: 'Size', options: ['S'] },
    ],
    tags: [{ name: 'color/red' }],
  };
  const fields = 'categories,color,colour,material,fabric,pattern';
  const read = (body: object, topic = 'product.updated', host: string | null = 'shop.example') =>
    readWooEvent(topic, host, body, reading(fields, ['T-shirt'])) as CatalogUpsert;

  test('images, the known category, and all values of its attributes', () => {
    expect(read(product)).toEqual({
      type: 'product.upserted',
      productId: 'woocommerce:shop.example:42',
      at: '2026-11-24T10:00:00.000Z',
      title: 'Tee',
      images: [
        {
          reference: { kind: 'url', url: 'https://shop.example/a.jpg' },
          view: null,
          variant: null,
          ref: '9',
        },
      ],
      category: 'T-shirt',
      attributes: { color: [word('Navy'), word('White')] },
      variants: [],
      warnings: [],
      whole: true,
    });
  });

  test('restored counts by arrival; deleted is the id alone; a site that does not say who it is sends nothing', () => {
    expect(read(product, 'product.restored')).toMatchObject({ at: null, restores: true });
    expect(read({ id: 42 }, 'product.deleted')).toEqual({
      type: 'product.deleted',
      productId: 'woocommerce:shop.example:42',
      at: null,
    });
    expect(problems(() => read(product, 'product.deleted'))).toEqual(['event.topic_mismatch']);
    expect(problems(() => read({ id: 42 }, 'product.restored'))).toEqual(['event.topic_mismatch']);
    expect(problems(() => read(product, 'product.updated', null))).toEqual(['event.malformed', '']);
    expect(read(product, 'order.created')).toBeNull();
  });
});
