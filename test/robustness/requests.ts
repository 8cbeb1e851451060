/** From a described call to requests for it: some right, most wrong in one or several places. */
import fc, { type Arbitrary } from 'fast-check';
import { fitting, jsonBody } from './json-bodies.ts';
import { multipartBody, pictures } from './multipart-bodies.ts';
import { type Json, type Operation, type Parameter, resolved } from './operations.ts';
import { knownIds, learnedIds, nastyTexts, words } from './words.ts';

export interface Sent {
  /** open: without keys, on loopback; keyed: with `testKeys`. */
  readonly door: 'open' | 'keyed';
  readonly by: 'inject' | 'socket';
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer | null;
  /** False where the path may lead to another route than the call's, or to none. */
  readonly routed: boolean;
}

/** Keys that the keyed door knows: id -> scope. The secret is the id, over and over. */
export const testKeys = { boss: 'admin', reader: 'read' } as const;
export const keyOf = (id: keyof typeof testKeys) => `ht_${id}_${secretOf(id)}`;
export const secretOf = (id: string) => id.repeat(5);

/** Percent-encoding of UTF-8, byte by byte: `encodeURIComponent` refuses lone surrogates. */
function encoded(text: string): string {
  return Buffer.from(text).reduce((all, byte) => {
    const plain = /[A-Za-z0-9_~-]/.test(String.fromCharCode(byte));
    return all + (plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`);
  }, '');
}

/** As they stand: encodings that are broken, overlong, or of things that cannot be encoded. */
const brokenEncodings = [
  '%',
  '%f',
  '%ff',
  '%zz',
  'a%',
  '%c0%80',
  '%ed%a0%80',
  '%F5%80%80%80',
  '%u0041',
  '+',
  'a;b=c',
  '&',
  '=',
];
/** These may be read as parts of the path. */
const pathTricks = [
  '',
  '.',
  '..',
  '%2e',
  '%2e%2e',
  'a/b',
  'a/../b',
  '//',
  '?',
  '#',
  'a?limit=1',
  ' '.trim(),
  '%2e%2e%2f%2e%2e',
];

interface Piece {
  readonly text: string;
  readonly routed: boolean;
}
const safe = (text: string): Piece => ({
  text,
  routed: text !== '' && text !== '.' && text !== '..' && text !== '%2E',
});

/** `place`: the path before the piece. */
const pathPiece = (place: string): Arbitrary<Piece> =>
  fc.oneof(
    { weight: 2, arbitrary: learnedIds(place).map((id) => safe(encoded(id))) },
    {
      weight: 8,
      arbitrary: fc.constantFrom(...knownIds, 'color', 'neckline', 'unknown').map((id) => safe(encoded(id))),
    },
    {
      weight: 5,
      arbitrary: words.filter((word) => !/^\.{0,2}$/.test(word)).map((word) => safe(encoded(word))),
    },
    { weight: 1, arbitrary: fc.constantFrom(...brokenEncodings).map((text) => ({ text, routed: true })) },
    { weight: 1, arbitrary: fc.constantFrom(...pathTricks).map((text) => ({ text, routed: false })) },
  );

/** A value of this schema as it is written into a query or a header. */
function written(schema: Json): Arbitrary<string> {
  const { type, items } = resolved(schema);
  const inner = type === 'array' ? ((items ?? {}) as Json) : schema;
  return fc.oneof(
    fitting(inner).map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
    words,
  );
}

const queryPair = ({ name, schema }: Parameter): Arbitrary<string> =>
  fc.oneof(
    { weight: 8, arbitrary: written(schema).map((value) => `${encoded(name)}=${encoded(value)}`) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        name,
        `${name}=`,
        `${name}[]=a`,
        `${name}[a]=b`,
        `${name}=%`,
        `${name}=%ff%fe`,
        `${name}=%00`,
        `${name}=a&${name}=b`,
        Array.from({ length: 60 }, () => `${name}=color%2Fnavy`).join('&'),
        `${name}=${'9'.repeat(3000)}`,
      ),
    },
  );
const strayPair = fc.constantFrom(
  'x=1',
  'async=true',
  'lang=de',
  '__proto__=1',
  '__proto__[a]=1',
  'constructor=1',
  '=',
  '&&&',
  '%',
  '?',
  'limit',
  'a'.repeat(2000),
);

function query(parameters: readonly Parameter[]): Arbitrary<string> {
  const known = parameters.filter((one) => one.in === 'query');
  if (known.length === 0)
    return fc.oneof(
      { weight: 3, arbitrary: fc.constant('') },
      strayPair.map((one) => `?${one}`),
    );
  const pairs = fc.oneof(
    fc.constant([]),
    fc.array(fc.constantFrom(...known).chain(queryPair), { minLength: 1, maxLength: 3 }),
  );
  const stray = fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, strayPair);
  return fc.tuple(pairs, stray).map(([list, more]) => {
    const all = more === null ? list : [...list, more];
    return all.length === 0 ? '' : `?${all.join('&')}`;
  });
}

function url({ path, parameters }: Operation): Arbitrary<{ url: string; routed: boolean }> {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const [place = ''] = path.split('/{');
  const pieces = fc.record(Object.fromEntries(names.map((name) => [name, pathPiece(place)])));
  return fc.tuple(pieces, query(parameters)).map(([values, search]) => ({
    url: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name]!.text) + search,
    routed: Object.values(values).every((piece) => piece.routed),
  }));
}

/** What a header can hold on the way: no control characters, nothing beyond Latin-1. */
const headerText = words.map((word) => word.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '').slice(0, 3000));

const strayHeaders: readonly (readonly [string, string | string[]])[] = [
  ['x-request-id', 'fine-id_1.2'],
  ['x-request-id', 'a b'],
  ['x-request-id', 'x'.repeat(500)],
  ['x-request-id', ['a', 'b']],
  ['x-request-id', ''],
  ['if-match', '*'],
  ['if-match', '"1", "2"'],
  ['if-match', 'W/"1"'],
  ['if-match', '"99999999999999999999"'],
  ['if-none-match', '*'],
  ['if-modified-since', 'yesterday'],
  ['idempotency-key', 'k'.repeat(3000)],
  ['idempotency-key', ''],
  ['range', 'bytes=0-1,5-9999999'],
  ['accept', 'application/xml;q=0.9'],
  ['accept', ''],
  ['accept-encoding', 'br;q=9, *;q=0'],
  ['content-encoding', 'gzip'],
  ['content-language', '\x80\xff'],
  ['cookie', 'a=b; a=c; ='],
  ['forwarded', 'for=1.2.3.4'],
  ['x-forwarded-for', '1.2.3.4, ::1, junk'],
  ['x-forwarded-host', 'evil.example'],
  ['x-http-method-override', 'DELETE'],
  ['te', 'trailers'],
  ['upgrade', 'websocket'],
  ['http2-settings', 'AAMAAABkAAQCAAAAAAIAAAAA'],
  ['origin', 'http://evil.example'],
  ['origin', 'null'],
  ['origin', 'http://localhost:3000'],
  ['sec-fetch-site', 'cross-site'],
  ['host', 'evil.example'],
  ['host', 'localhost:99999999'],
  ['host', '[::1]:80'],
  ['prefer', 'respond-async'],
];

const many = Object.fromEntries(Array.from({ length: 90 }, (_, n) => [`x-many-${n}`, 'y'.repeat(20)]));

function headers(parameters: readonly Parameter[]): Arbitrary<Sent['headers']> {
  const named = parameters
    .filter((one) => one.in === 'header')
    .map(({ name, schema }) =>
      written(schema).map((text): [string, string] => [
        name.toLowerCase(),
        text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '').slice(0, 3000),
      ]),
    );
  const stray = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...strayHeaders) },
    headerText.map((text): [string, string] => ['x-something', text]),
    ...named,
  );
  return fc
    .tuple(fc.array(stray, { maxLength: 3 }), fc.nat(30))
    .map(([list, crowd]) => ({ ...(crowd === 0 ? many : {}), ...Object.fromEntries(list) }));
}

const admin = `Bearer ${keyOf('boss')}`;
const credentials: Arbitrary<Sent['headers']> = fc.oneof(
  { weight: 9, arbitrary: fc.constant({ authorization: admin }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Sent['headers']>(
      {},
      { 'x-api-key': keyOf('boss') },
      { authorization: `Bearer ${keyOf('reader')}` },
      { authorization: `Bearer ${keyOf('boss')}x` },
      { authorization: `bearer  ${keyOf('boss')} ` },
      { authorization: 'Bearer' },
      { authorization: `Bearer ht_${'a'.repeat(40)}_x` },
      { authorization: 'Basic Og==' },
      { authorization: `Bearer ht_boss_${'x'.repeat(4000)}` },
      { authorization: 'Bearer ht___proto___x' },
      { 'x-api-key': 'ht_constructor_x' },
      { 'x-api-key': '\xff\xfe' },
    ),
  },
);

const wrongTypes = [
  '',
  ';',
  'text/plain',
  'application',
  'application/xml',
  'application/json; charset=utf-16',
  'APPLICATION/JSON',
  'application/json;;;',
  'application/problem+json',
  'application/x-www-form-urlencoded',
  'application/octet-stream',
  'image/svg+xml',
  'image/jpeg, image/png',
  'image/*',
  'multipart/form-data',
  'multipart/form-data; boundary=x',
  '\xff/\xfe',
  `application/json; a=${'b'.repeat(3000)}`,
];

interface Body {
  readonly type: string | null;
  readonly body: Buffer | null;
}
const nothing: Body = { type: null, body: null };

function bodyOf(type: string, schema: Json): Arbitrary<Body> {
  if (type.endsWith('json')) return jsonBody(schema).map((body) => ({ type, body }));
  if (type === 'multipart/form-data') {
    const { properties = {} } = resolved(schema) as { properties?: Record<string, Json> };
    const texts = Object.keys(properties).filter((name) => properties[name]?.type === 'string');
    return multipartBody(texts);
  }
  const bytes = fc.oneof(
    { weight: 4, arbitrary: pictures },
    words.map((word) => Buffer.from(word)),
  );
  return bytes.map((body) => ({ type, body }));
}

/** A body for a call that takes none is a wrong body. */
const unasked: Arbitrary<Body> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(nothing) },
  fc
    .tuple(
      fc.constantFrom(...wrongTypes, 'application/json', 'image/png'),
      fc.constantFrom('', '{}', '{', 'x'.repeat(5000), ...nastyTexts),
    )
    .map(([type, text]) => ({ type, body: Buffer.from(text) })),
);

function body({ bodies }: Operation): Arbitrary<Body> {
  const kinds = Object.entries(bodies);
  if (kinds.length === 0) return unasked;
  // A kind with a schema of its own is worth more requests than six kinds of raw bytes.
  const right = fc.oneof(
    ...kinds.map(([type, schema]) => ({
      weight: /json|form/.test(type) ? 6 : 1,
      arbitrary: bodyOf(type, schema),
    })),
  );
  const relabelled = fc
    .tuple(right, fc.constantFrom(...wrongTypes, ...kinds.map(([type]) => type)))
    .map(([one, type]) => ({ ...one, type }));
  return fc.oneof(
    { weight: 10, arbitrary: right },
    { weight: 2, arbitrary: relabelled },
    { weight: 1, arbitrary: unasked },
  );
}

export function requestsFor(operation: Operation): Arbitrary<Sent> {
  return fc
    .record({
      door: fc.constantFrom<Sent['door']>('open', 'keyed'),
      by: fc.constantFrom<Sent['by']>(
        'inject',
        'inject',
        'inject',
        'inject',
        'inject',
        'inject',
        'inject',
        'socket',
      ),
      place: url(operation),
      stray: headers(operation.parameters),
      key: credentials,
      sent: body(operation),
    })
    .map(({ door, by, place, stray, key, sent }) => ({
      door,
      by,
      method: operation.method,
      ...place,
      headers: {
        host: 'localhost',
        ...(door === 'keyed' ? key : {}),
        ...(sent.type === null ? {} : { 'content-type': sent.type }),
        ...stray,
      },
      body: sent.body,
    }));
}
