/** JSON with too many values is refused by their number, before anything parses it. */
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { hasMoreValues, maxJsonValues } from '../../src/http/json-values.ts';
import { createWorld } from './fake-services.ts';

const more = (text: string, most: number) => hasMoreValues(Buffer.from(text), most);

/** Of what was parsed: members and elements, and one for each list or object itself. */
function valuesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inside = Object.values(value);
  return Math.max(1, inside.length) + inside.reduce((sum: number, one) => sum + valuesOf(one), 0);
}

test('counts what is there, whatever the texts hold', () => {
  const texts = fc.oneof(
    fc.string({ unit: fc.constantFrom('"', '\\', ',', '[', '{', 'a', 'é', '\n') }),
    fc.string({ unit: fc.constantFrom('a', '"', '\\'), minLength: 250, maxLength: 270 }),
    fc.integer({ min: 250, max: 270 }).map((length) => `${'a'.repeat(length)}\\"`),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      texts,
      fc.integer(),
      fc.array(tie('tree')),
      fc.dictionary(texts, tie('tree'), { noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(tree, fc.constantFrom(undefined, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const count = valuesOf(JSON.parse(text));
      expect(more(text, count)).toBe(false);
      if (count > 0) expect(more(text, count - 1)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test('what is no JSON has an end too', () => {
  for (const text of ['"', '"\\', `"${'a'.repeat(300)}`, `"${'a'.repeat(300)}\\"`, '{"a', '']) {
    expect(more(text, 1)).toBe(false);
  }
});

test('reads no further than to the one too many', () => {
  let read = 0;
  const bytes = new Proxy(Buffer.from(`[${'1,'.repeat(1_000_000)}1]`), {
    get(target, key) {
      read++;
      return Reflect.get(target, key, target);
    },
  });
  expect(hasMoreValues(bytes, 100)).toBe(true);
  expect(read).toBeLessThan(1000);
});

test('a picture is skipped, not read', () => {
  let read = 0;
  const bytes = new Proxy(Buffer.from(`{"images":[{"base64":"${'A'.repeat(1_000_000)}"}]}`), {
    get(target, key) {
      read++;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  expect(hasMoreValues(bytes, 100)).toBe(false);
  expect(read).toBeLessThan(10_000);
});

test.each([
  ['keys of the request', (n: number) => `{"images":[]${member(n)}}`],
  ['keys of a picture', (n: number) => `{"images":[{"base64":"YQ=="${member(n)}}]}`],
  ['keys inside a field', (n: number) => `{"images":[],"category":{"a":1${member(n)}}}`],
  ['lists in a list', (n: number) => `{"images":[],"category":[${'[],'.repeat(n)}1]}`],
])('too many %s: 413, in few words', async (_, make) => {
  const world = await createWorld();
  onTestFinished(() => world.app.close());
  const post = (payload: string) =>
    world.app.inject({
      method: 'POST',
      url: '/products/sku/tags',
      headers: { host: 'localhost', 'content-type': 'application/json' },
      payload,
    });
  const refused = await post(make(maxJsonValues));
  expect([refused.statusCode, refused.json().code]).toEqual([413, 'request.too_large']);
  expect(refused.json().detail).toContain(String(maxJsonValues));
  expect((await post(make(10))).statusCode).toBe(400);
});

const member = (count: number) => Array.from({ length: count }, (_, n) => `,"k${n}":1`).join('');
