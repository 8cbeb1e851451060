import { expect, test } from 'vitest';
import { createKey, parseKeyArguments } from '../../src/cli/keys.ts';
import { parseConfig } from '../../src/config.ts';
import { createIdentify } from '../../src/http/access/keys.ts';

function create(...args: string[]) {
  const parsed = parseKeyArguments(args);
  if (typeof parsed === 'string') throw new Error(parsed);
  const lines: string[] = [];
  expect(createKey(parsed, (line) => void lines.push(line))).toBe(0);
  const text = lines.join('\n');
  const key = /^ {2}(ht_\S+)$/m.exec(text)?.[1] ?? '';
  const entry = /^ {2}(\S+:\S+:[0-9a-f]{64})$/m.exec(text)?.[1] ?? '';
  return { text, key, entry };
}

test('what it prints works as a setting and as a key', () => {
  const made = [create('--scopes', 'tag+read', '--name', 'shop'), create('--scopes=admin')];
  const keys = parseConfig({ API_KEYS: made.map(({ entry }) => entry).join(',') }, '/r').API_KEYS ?? [];
  expect(keys.map(({ id, scopes }) => [id, scopes])).toEqual([
    ['shop', ['read', 'tag']],
    [expect.stringMatching(/^key-[0-9a-f]{8}$/), ['admin']],
  ]);
  const identify = createIdentify(keys);
  expect(identify({ authorization: `Bearer ${made[0]!.key}` })?.id).toBe('shop');
  expect(identify({ 'x-api-key': made[1]!.key })?.scopes).toEqual(new Set(['admin']));
});

test('the key is shown once, has 32 letters of secret, and is another each time', () => {
  const { text, key } = create('--scopes', 'tag', '--name', 'a');
  expect(key).toMatch(/^ht_a_[A-Za-z0-9_-]{32}$/);
  expect(text.split(key.slice(5))).toHaveLength(2);
  expect(create('--scopes', 'tag', '--name', 'a').key).not.toBe(key);
});

test('a secret that begins with and holds underscores is read back whole', () => {
  const lines: string[] = [];
  createKey(
    { id: 'a', scopes: ['tag'] },
    (line) => void lines.push(line),
    () => Buffer.alloc(24, 0xff),
  );
  const text = lines.join('\n');
  expect(text).toContain(`ht_a_${'_'.repeat(32)}`);
  const API_KEYS = /^ {2}(a:tag:.+)$/m.exec(text)?.[1] ?? '';
  const identify = createIdentify(parseConfig({ API_KEYS }, '/r').API_KEYS ?? []);
  expect(identify({ 'x-api-key': `ht_a_${'_'.repeat(32)}` })?.id).toBe('a');
});

test.each([
  [[], '--scopes'],
  [['--scopes', ''], '--scopes'],
  [['--scopes', 'tag+rea'], '--scopes'],
  [['--scopes', 'tag,read'], '--scopes'],
  [['--scopes', 'tag', '--name', 'My_Shop'], '--name'],
  [['--scopes', 'tag', '--name', ''], '--name'],
  [['--scopes', 'tag', '--nmae', 'x'], '--nmae'],
  [['--scopes', 'tag', 'x'], 'x'],
])('%j is refused in words', (args, named) => {
  expect(parseKeyArguments(args)).toEqual(expect.stringContaining(named));
});
