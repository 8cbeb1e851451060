/** Texts and numbers that programs stumble over, and words that mean something to hangtag so that requests get further. */
import fc, { type Arbitrary } from 'fast-check';

export const knownIds = ['seed-1', 'seed-2', 'gid://shopify/Product/42', 'größe 38/ä', '商品'];

/** An origin that the doors allow and where nobody answers. */
export const nobody = 'http://127.0.0.1:9';

/** Ids that answers have named so far, by where they stand (`/operations`): nobody could guess them. */
const learned = new Map<string, string[]>();
export function learn(location: string | undefined): void {
  const [, place, id] = /^(\/.+)\/([^/]+)$/.exec(location ?? '') ?? [];
  if (place === undefined || id === undefined) return;
  const ids = learned.get(place) ?? [];
  learned.set(place, ids);
  ids.push(decodeURIComponent(id));
  // The latest hundred: of those from long ago little stands.
  if (ids.length > 100) ids.shift();
}
/** What was deleted is nothing that others could find. */
export function unlearn(url: string): void {
  const [, place = '', id = ''] = /^(\/[^?]+)\/([^/?]+)/.exec(url) ?? [];
  const ids = learned.get(place);
  if (ids)
    learned.set(
      place,
      ids.filter((one) => encodeURIComponent(one) !== id && one !== id),
    );
}
/** One of those at `place`, or a known product where there are none. */
export const learnedIds = (place: string): Arbitrary<string> =>
  fc.nat(1000).map((n) => {
    const ids = learned.get(place) ?? [];
    return ids[n % Math.max(1, ids.length)] ?? knownIds[n % knownIds.length]!;
  });

const known = [
  ...knownIds,
  'color',
  'color/navy',
  'material',
  'fabric',
  'material/denim',
  'neckline',
  'neckline/crew',
  'sleeve-length',
  'sleeve-length/short',
  'category',
  'category/dress',
  'dress',
  't-shirt',
  'T-Shirts',
  'navy',
  'front',
  'front,back',
  'red,blue',
  'pending',
  'updated',
  'true',
  'false',
  '0.5',
  '1',
  '200',
  '"1"',
  '*',
];

export const nastyTexts = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\r\nx-evil: 1',
  '\u0001\u001f\u007f\u0085',
  '\ud800',
  'a\udfffb',
  '\ufeff',
  '\u202eabc',
  'e\u0301'.repeat(40),
  '👩‍👩‍👧‍👦'.repeat(30),
  '𝕏'.repeat(256),
  'x'.repeat(257),
  'x'.repeat(5000),
  "' or 1=1; drop table products; --",
  '{{7*7}}<script>alert(1)</script>',
  '../../../etc/passwd',
  '%2e%2e%2f',
  '%00',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '__proto__/navy',
  'constructor/name',
  'color/constructor',
  'color/__proto__',
  'color/',
  '/navy',
  'color/navy/more',
  '/',
  '.',
  '..',
  'null',
  'undefined',
  'NaN',
  '-0',
  '1e400',
  '0x10',
  '١٢',
  '9007199254740993',
  '2147483648',
  '-1',
  '1.5',
  'true,false',
  ',',
  ',,,,,,,,',
  'eyJiZWZvcmUiOjB9',
  'eyJiZWZvcmUiOjk5OTk5OTk5OTk5OX0',
  Buffer.from('{"sort":"updated","key":1e15,"productId":"x","asOf":1}').toString('base64url'),
  Buffer.from(
    '{"sort":"updated","key":9007199254740991,"productId":"\\u0000","asOf":9007199254740991}',
  ).toString('base64url'),
  Buffer.from('{"sort":"updated","key":8.9e15,"productId":"x","asOf":8.9e15}').toString('base64url'),
  Buffer.from('{"sort":"uncertainty","key":1,"productId":"x","asOf":0}').toString('base64url'),
  Buffer.from('{"before":2147483647}').toString('base64url'),
  Buffer.from('{"__proto__":{"before":1}}').toString('base64url'),
];

export const words: Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...known) },
  { weight: 3, arbitrary: fc.constantFrom(...nastyTexts) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 300 }) },
);

export const numbers: Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 2 ** 31, 2 ** 53, -(2 ** 63), 1e300, 5e-324, 0.1),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** Any JSON value. */
export const anything: Arbitrary<unknown> = fc.oneof(
  words,
  numbers,
  fc.constantFrom<unknown>(null, true, false, [], {}, [[]], [null], { a: { b: {} } }),
  fc.array(words, { maxLength: 5 }),
  fc.dictionary(words, words, { maxKeys: 4 }),
);
