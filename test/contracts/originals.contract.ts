/** What every Originals does. Run by one test file per adapter. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Originals, StoredOriginal } from '../../src/application/ports-originals.ts';

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

    test('what was deleted is gone, and deleting again is no fault', async () => {
      const originals = await open();
      const bytes = new TextEncoder().encode('soon gone');
      await originals.put(digest(bytes), bytes);
      await originals.delete(digest(bytes));
      expect(await originals.get(digest(bytes))).toBeNull();
      await originals.delete(digest(bytes));
      await originals.put(digest(bytes), bytes);
      expect((await originals.get(digest(bytes))) !== null).toBe(keeps);
    });

    test('a list has each original once, with its age, however small the pages', async () => {
      const originals = await open();
      const began = Date.now();
      const some = Array.from({ length: 7 }, (_, index) => new TextEncoder().encode(`listed ${index}`));
      for (const bytes of some) await originals.put(digest(bytes), bytes);
      // Not an original, so not in the list.
      await originals.own('somebody');
      const walk = async (limit: number) => {
        const seen: StoredOriginal[] = [];
        let from: string | null = null;
        do {
          const page = await originals.list(from, limit);
          expect(page.items.length).toBeLessThanOrEqual(limit);
          seen.push(...page.items);
          from = page.next;
        } while (from !== null);
        return seen;
      };
      const all = (await walk(1000)).map(({ sha256 }) => sha256);
      const listed = some.map(digest).filter((sha256) => all.includes(sha256));
      expect(listed).toHaveLength(keeps ? 7 : 0);
      expect(new Set(all).size).toBe(all.length);
      expect((await walk(2)).map(({ sha256 }) => sha256)).toEqual(all);
      for (const { sha256, writtenAt } of await walk(3)) {
        expect(sha256).toMatch(/^[0-9a-f]{64}$/);
        // Some keep whole seconds only.
        if (listed.includes(sha256)) expect(Math.abs(writtenAt - began)).toBeLessThan(30_000);
      }
    });

    test('they belong to whoever was first to say so', async () => {
      const originals = await open();
      const before = await originals.own(null);
      const first = await originals.own('somebody');
      expect(first).toBe(keeps ? (before ?? 'somebody') : 'somebody');
      expect(await originals.own(null)).toBe(keeps ? 'somebody' : null);
      expect(await (await open()).own('somebody')).toBe(first);
      expect(await originals.own('another')).toBe(keeps ? 'somebody' : 'another');
    });

    test('ping resolves', async () => {
      await (await open()).ping();
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
      await expect(originals.delete(key)).rejects.toThrow('sha256');
    });

    test('what was deleted is gone, for every opening; others stay; it can be put again', async () => {
      const originals = await open();
      const [gone, stays] = ['to be deleted', 'to be kept'].map((text) => new TextEncoder().encode(text));
      for (const bytes of [gone!, stays!]) await originals.put(digest(bytes), bytes);
      await originals.delete(digest(gone!));
      for (const one of [originals, await open()]) {
        expect(await one.get(digest(gone!))).toBeNull();
        expect((await one.get(digest(stays!)))?.byteLength ?? null).toBe(keeps ? stays!.byteLength : null);
      }
      await originals.put(digest(gone!), gone!);
      expect((await originals.get(digest(gone!)))?.byteLength ?? null).toBe(keeps ? gone!.byteLength : null);
      await originals.delete(digest(gone!));
    });

    test('what nobody has is deleted without a fault, in a folder of its own or none', async () => {
      const originals = await open();
      await originals.delete('0'.repeat(64));
      await originals.delete(digest(picture).replace(/.{10}$/, '0123456789'));
    });

    test('many deletions of one picture at once, and beside them a put: it is whole or gone', async () => {
      const originals = await open();
      const bytes = new TextEncoder().encode('deleted by many');
      await originals.put(digest(bytes), bytes);
      await Promise.all(Array.from({ length: 10 }, () => originals.delete(digest(bytes))));
      expect(await originals.get(digest(bytes))).toBeNull();
      await Promise.all([originals.put(digest(bytes), bytes), originals.delete(digest(bytes))]);
      const found = await originals.get(digest(bytes));
      if (found !== null) expect(digest(found)).toBe(digest(bytes));
      await originals.delete(digest(bytes));
      expect(await originals.get(digest(bytes))).toBeNull();
    });
  });
}
