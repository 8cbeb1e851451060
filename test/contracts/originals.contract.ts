/** What every Originals does. Run by one test file per adapter. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Originals } from '../../src/application/ports.ts';

export const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export interface OriginalsCase {
  readonly name: string;
  readonly open: () => Promise<Originals>;
  /** false for the one that keeps nothing on purpose. */
  readonly keeps: boolean;
}

export function originalsContract({ name, open, keeps }: OriginalsCase): void {
  describe(`originals: ${name}`, () => {
    const picture = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7919) % 251);

    test('what was put can be got, byte for byte, also by a second opening', async () => {
      await (await open()).put(digest(picture), picture);
      const found = await (await open()).get(digest(picture));
      expect(found === null ? null : digest(found)).toBe(keeps ? digest(picture) : null);
    });

    test('an unknown picture is null', async () => {
      expect(await (await open()).get('0'.repeat(64))).toBeNull();
    });

    test('the same picture many times at once', async () => {
      const originals = await open();
      const bytes = new TextEncoder().encode('the same picture');
      await Promise.all(Array.from({ length: 20 }, () => originals.put(digest(bytes), bytes)));
      const found = await originals.get(digest(bytes));
      expect(found === null ? null : digest(found)).toBe(keeps ? digest(bytes) : null);
    });

    test('an empty picture is kept like any other', async () => {
      const originals = await open();
      await originals.put(digest(new Uint8Array()), new Uint8Array());
      expect((await originals.get(digest(new Uint8Array())))?.byteLength ?? null).toBe(keeps ? 0 : null);
    });

    test.each([
      '',
      '../../../../etc/passwd',
      `../${'a'.repeat(61)}`,
      'A'.repeat(64),
      'a'.repeat(63),
      'a'.repeat(65),
      `${'a'.repeat(64)}\n`,
      `${'a'.repeat(63)}\0`,
    ])('nothing but a sha256 is a key: %j', async (key) => {
      const originals = await open();
      await expect(originals.put(key, picture)).rejects.toThrow('sha256');
      await expect(originals.get(key)).rejects.toThrow('sha256');
    });
  });
}
