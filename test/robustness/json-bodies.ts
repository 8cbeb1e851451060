/** JSON bodies: first as a schema wants them, then spoiled as values, then spoiled once more as text. */
import fc, { type Arbitrary } from 'fast-check';
import { base64Images } from './multipart-bodies.ts';
import { type Json, resolved } from './operations.ts';
import { anything, nobody, numbers, words } from './words.ts';

const tags = [
  'color',
  'color/navy',
  'material/denim',
  'neckline',
  'category',
  'sleeve-length/short',
  'pattern',
];
const tagLists = fc.uniqueArray(fc.constantFrom(...tags), { minLength: 1, maxLength: 2 });
/** Names that hangtag reads, with what it likes to read there: without them hardly a body would get past the first check. */
const liked: Readonly<Record<string, Arbitrary<unknown>>> = {
  images: fc.array(
    fc.record(
      { base64: base64Images, view: fc.constantFrom(null, 'front', 'back') },
      { requiredKeys: ['base64'] },
    ),
    { minLength: 1, maxLength: 3 },
  ),
  set: fc.constantFrom(
    { color: ['navy'] },
    { fabric: ['denim'] },
    { neckline: ['crew'], color: ['red', 'white'] },
  ),
  clear: fc.constantFrom([], [], [], ['pattern']),
  accept: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, tagLists),
  reject: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, tagLists),
  reset: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, tagLists),
  category: fc.constantFrom(null, 'dress', 't-shirt'),
  variant: fc.constantFrom(null, 'red'),
  by: fc.constantFrom(null, 'ann'),
  title: fc.constantFrom(null, 'A shirt'),
  url: fc.constant(`${nobody}/hooks`),
  events: fc.constantFrom(['product.tagged'], ['product.tagged', 'product.deleted']),
  maxPerSecond: fc.constantFrom(null, 0.5, 20),
};

/** Values that mostly fit the schema; names that hangtag reads as images get images. */
export function fitting(schema: Json, name = '', depth = 0): Arbitrary<unknown> {
  const any = bySchema(schema, name, depth);
  const good = Object.hasOwn(liked, name) && depth > 0 ? liked[name] : undefined;
  return good ? fc.oneof({ weight: 9, arbitrary: good }, any) : any;
}

function bySchema(schema: Json, name: string, depth: number): Arbitrary<unknown> {
  const { type, enum: choices, const: only, anyOf, oneOf, allOf, ...rest } = resolved(schema);
  if (choices) return fc.constantFrom(...(choices as unknown[]));
  if (only !== undefined) return fc.constant(only);
  const branches = (anyOf ?? oneOf ?? allOf) as Json[] | undefined;
  if (branches) return fc.oneof(...branches.map((branch) => fitting(branch, name, depth)));
  if (Array.isArray(type))
    return fc.oneof(...type.map((one) => fitting({ ...rest, type: one }, name, depth)));
  if (depth > 6) return fc.constant(null);
  switch (type) {
    case 'string':
      return name === 'base64' ? base64Images : words;
    case 'integer':
      return fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer());
    case 'number':
      return fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), numbers);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(fitting((rest.items ?? {}) as Json, name, depth + 1), { maxLength: 4 });
    case 'object':
      return fittingObject(rest, depth);
    default:
      return anything;
  }
}

function fittingObject(schema: Json, depth: number): Arbitrary<unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Json>);
  const required = new Set((schema.required ?? []) as string[]);
  const record = fc.record(
    Object.fromEntries(properties.map(([name, inner]) => [name, fitting(inner, name, depth + 1)])),
    {
      requiredKeys: properties.map(([name]) => name).filter((name) => required.has(name)),
      noNullPrototype: true,
    },
  );
  const { additionalProperties: more } = schema;
  if (typeof more !== 'object' || more === null) return record;
  const others = fc.dictionary(words, fitting(more as Json, '', depth + 1), { maxKeys: 3 });
  return fc.tuple(record, others).map(([known, extra]) => ({ ...extra, ...(known as object) }));
}

interface Spoiling {
  readonly path: readonly number[];
  readonly how: 'replace' | 'delete' | 'add' | 'nest' | 'repeat' | 'rename';
  readonly value: unknown;
  readonly key: string;
}

const spoiling: Arbitrary<Spoiling> = fc.record({
  path: fc.array(fc.nat(5), { maxLength: 4 }),
  how: fc.constantFrom<Spoiling['how']>(
    'replace',
    'replace',
    'replace',
    'delete',
    'add',
    'nest',
    'repeat',
    'rename',
  ),
  value: anything,
  key: words,
});

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value changed in one place, however deep. */
function spoil(value: unknown, { path, ...how }: Spoiling): unknown {
  const [at, ...further] = path;
  if (at === undefined) return spoilHere(value, how);
  if (Array.isArray(value) && value.length > 0) {
    const index = at % value.length;
    return value.map((one, n) => (n === index ? spoil(one, { path: further, ...how }) : one));
  }
  if (isObject(value) && Object.keys(value).length > 0) {
    const keys = Object.keys(value);
    const key = keys[at % keys.length]!;
    return { ...value, [key]: spoil(value[key], { path: further, ...how }) };
  }
  return spoilHere(value, how);
}

function spoilHere(before: unknown, { how, value, key }: Omit<Spoiling, 'path'>): unknown {
  if (how === 'add' && isObject(before)) return { ...before, [key]: value };
  if (how === 'delete' && isObject(before)) return Object.fromEntries(Object.entries(before).slice(1));
  if (how === 'rename' && isObject(before))
    return Object.fromEntries(Object.entries(before).map(([name, one], n) => [n === 0 ? key : name, one]));
  if (how === 'repeat') return Array.from({ length: 210 }, () => before);
  if (how === 'nest') return Array.from({ length: 30 }).reduce<unknown>((inner) => ({ a: [inner] }), before);
  return value;
}

const deep = (times: number) => Buffer.from('['.repeat(times) + ']'.repeat(times));
const inside = (text: string, more: string) =>
  Buffer.from(text.replace(/^\{/, `{${more},`).replace(',}', '}'));

/** What is done to the text itself. */
const textual: readonly ((text: string) => Buffer)[] = [
  (text) => Buffer.from(text.slice(0, Math.floor(text.length * 0.7))),
  (text) => Buffer.from(`${text}x`),
  (text) => Buffer.from(`${text}${text}`),
  (text) => Buffer.from(`\ufeff${text}`),
  (text) => Buffer.from(text, 'utf16le'),
  (text) =>
    Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0xff, 0xfe, 0xc0, 0x80]), Buffer.from('}')]),
  (text) => Buffer.from(text.replaceAll('"', '"\u0000')),
  (text) => Buffer.from(text.replaceAll('"', "'")),
  (text) => Buffer.from(text.replace('}', ',}')),
  (text) => inside(text, '"__proto__":{"admin":true}'),
  (text) => inside(text, '"constructor":{"prototype":{"admin":true}}'),
  (text) => inside(text, '"\\u005f\\u005fproto\\u005f\\u005f":1'),
  (text) => inside(text, '"category":1e400'),
  (text) => inside(text, '"category":-1e-999999,"category":123456789012345678901234567890'),
  (text) => inside(text, '"category":"\\ud800"'),
  (text) => inside(text, '"images":[],"set":{}'),
  (text) => inside(text, `"${'k'.repeat(70_000)}":1`),
  () => deep(50_000),
  () => Buffer.from('{"a":'.repeat(20_000)),
  () => Buffer.from(`{"set":{${Array.from({ length: 3000 }, (_, n) => `"a${n}":["b"]`).join(',')}}}`),
  () => Buffer.from(`{"images":[${'{},'.repeat(30_000)}{}]}`),
  () => Buffer.alloc(0),
  () => Buffer.from(' '),
  () => Buffer.from('null'),
  () => Buffer.from('"text"'),
  () => Buffer.from('[]'),
  () => Buffer.from('0'),
  () => Buffer.from('tru'),
  () => Buffer.alloc(2000, 0),
];

export function jsonBody(schema: Json): Arbitrary<Buffer> {
  const plain = fitting(schema);
  const spoiled = fc
    .tuple(plain, fc.array(spoiling, { maxLength: 3 }))
    .map(([value, all]) => all.reduce<unknown>(spoil, value));
  const encoded = (value: unknown) => JSON.stringify(value) ?? 'null';
  return fc.oneof(
    { weight: 3, arbitrary: plain.map((value) => Buffer.from(encoded(value))) },
    { weight: 4, arbitrary: spoiled.map((value) => Buffer.from(encoded(value))) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(plain, fc.constantFrom(...textual))
        .map(([value, change]) => change(encoded(value))),
    },
  );
}
