import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readImportLine } from '../../../src/domain/imports/line.ts';

const read = (value: unknown) => readImportLine(JSON.stringify(value));
const problemsOf = (value: unknown) =>
  (read(value).problems ?? []).map(({ detail, pointer }) => [pointer, detail]);
const url = 'https://a.example/1.jpg';

describe('what a line says', () => {
  test('everything', () => {
    const line = {
      productId: 'gid://shop/1',
      title: ' Tee ',
      images: [
        { url, view: 'front', variant: 'navy', ref: 'IMG 1' },
        { s3: 's3://b/k.jpg', view: null },
      ],
      category: 'dress',
      attributes: { color: ['navy', { label: 'Toasted Walnut' }], fabric: null, ' pattern ': [] },
      price: 12,
    };
    expect(read(line)).toEqual({
      problems: null,
      event: {
        type: 'product.upserted',
        productId: 'gid://shop/1',
        at: null,
        title: 'Tee',
        category: 'dress',
        images: [
          { reference: { kind: 'url', url }, view: 'front', variant: 'navy', ref: 'IMG 1' },
          { reference: { kind: 's3', uri: 's3://b/k.jpg' }, view: null, variant: null, ref: null },
        ],
        attributes: {
          color: [
            { label: 'navy', verbatim: false },
            { label: 'Toasted Walnut', verbatim: true },
          ],
          fabric: null,
          pattern: [],
        },
        variants: [],
        warnings: [],
      },
    });
  });

  test('nothing but the product; null and empty take back; a deletion', () => {
    const bare = {
      type: 'product.upserted',
      productId: 'a',
      at: null,
      attributes: {},
      variants: [],
      warnings: [],
    };
    expect(read({ productId: 'a' }).event).toEqual(bare);
    expect(read({ productId: 'a', deleted: false }).event).toEqual(bare);
    expect(read({ productId: 'a', title: null, category: '', images: [] }).event).toEqual({
      ...bare,
      title: null,
      category: null,
      images: [],
    });
    expect(read({ productId: 'a', deleted: true, title: 7 }).event).toEqual({
      type: 'product.deleted',
      productId: 'a',
      at: null,
    });
  });

  test('what single variants are, as in an event', () => {
    const variants = [{ key: 'navy', attributes: { color: ['navy'] } }];
    expect(read({ productId: 'a', variants }).event).toMatchObject({
      variants: [{ key: 'navy', attributes: { color: [{ label: 'navy', verbatim: false }] } }],
    });
  });

  test('more than eight pictures of a variant: the first eight, and a warning', () => {
    const images = [
      ...Array.from({ length: 10 }, (_, n) => ({ url: `${url}?${n}`, variant: 'a' })),
      ...Array.from({ length: 8 }, (_, n) => ({ url: `${url}?${n}` })),
    ];
    const { event } = read({ productId: 'a', images });
    if (event?.type !== 'product.upserted') throw new Error('it is one');
    expect(event.images?.map(({ variant }) => variant)).toEqual([
      ...Array.from({ length: 8 }, () => 'a'),
      ...Array.from({ length: 8 }, () => null),
    ]);
    expect(event.warnings).toMatchObject([{ code: 'images.skipped', pointer: '/images' }]);
    expect(event.warnings[0]!.detail).toContain('2 of 18 images');
  });
});

describe('what is wrong with a line', () => {
  test.each([
    ['not JSON', '{"productId":"a"', ['']],
    ['no object', '[1]', ['']],
    ['null', 'null', ['']],
    ['no product', '{}', ['/productId']],
    ['a number', '{"productId":7}', ['/productId']],
    ['a path', '{"productId":".."}', ['/productId']],
    ['a control character', '{"productId":"a\\u0000"}', ['/productId']],
    ['half a character', '{"productId":"\\ud800"}', ['/productId']],
    ['too long', JSON.stringify({ productId: 'ä'.repeat(257) }), ['/productId']],
    ['deleted, perhaps', '{"productId":"a","deleted":"yes"}', ['/deleted']],
    ['pictures that are no list', '{"productId":"a","images":null}', ['/images']],
    ['attributes that are a list', '{"productId":"a","attributes":[]}', ['/attributes']],
  ])('%s', (_, text, pointers) => {
    const { event, problems } = readImportLine(text);
    expect(event).toBeNull();
    expect(problems?.map(({ pointer }) => pointer)).toEqual(pointers);
  });

  test('every problem at once, each with its place', () => {
    const found = problemsOf({
      productId: 'a',
      title: 7,
      category: 'x'.repeat(257),
      images: [
        'a.jpg',
        { base64: 'AAAA' },
        { url, s3: 's3://b/k' },
        {},
        { url: '' },
        { url: 'a\nb', view: 'top', variant: 'v'.repeat(129) },
      ],
      attributes: { color: 'navy', 'a/b': [7], fit: [''], pattern: [{}], '': [] },
    });
    expect([...new Set(found.map(([pointer]) => pointer))]).toEqual([
      '/images/0',
      '/images/1/base64',
      '/images/2',
      '/images/3',
      '/images/4/url',
      '/images/5/url',
      '/images/5/view',
      '/images/5/variant',
      '/title',
      '/category',
      '/attributes/color',
      '/attributes/a~1b/0',
      '/attributes/fit/0',
      '/attributes/pattern/0',
      '/attributes/',
    ]);
    expect(found).toContainEqual(['/images/2', 'An image is exactly one of url and s3.']);
    expect(found).toContainEqual(['/category', 'It has at most 256 characters.']);
  });

  test('no more than twenty are named, and the product where it can be read', () => {
    const line = read({ productId: 'a', images: Array.from({ length: 100 }, () => 1) });
    expect(line).toMatchObject({ event: null, productId: 'a' });
    expect(line.problems).toHaveLength(20);
  });
});

test('whatever the text: an event or problems, never both, never an exception', () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record(
        {
          productId: fc.anything(),
          images: fc.anything(),
          attributes: fc.anything(),
          title: fc.anything(),
          deleted: fc.anything(),
        },
        { requiredKeys: [] },
      )
      .map((value) => {
        try {
          return JSON.stringify(value) ?? '';
        } catch {
          return '';
        }
      }),
  );
  fc.assert(
    fc.property(text, (line) => {
      const { event, problems } = readImportLine(line);
      expect(event === null).toBe(problems !== null && problems.length > 0);
    }),
  );
});
