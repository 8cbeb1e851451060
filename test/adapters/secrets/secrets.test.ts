import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyFromFile } from '../../../src/adapters/secrets/key-file.ts';
import { createSecretBox } from '../../../src/adapters/secrets/secret-box.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-secrets-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a sealed secret', () => {
  const key = randomBytes(32);
  const box = createSecretBox(async () => key);
  const other = createSecretBox(async () => randomBytes(32));

  test('opens for its owner, and is sealed another way each time', async () => {
    const [one, two] = [await box.seal('whsec_ä', 'a'), await box.seal('whsec_ä', 'a')];
    expect(await box.open(one, 'a')).toBe('whsec_ä');
    expect(await box.open(two, 'a')).toBe('whsec_ä');
    expect(Buffer.from(one).equals(Buffer.from(two))).toBe(false);
    expect(Buffer.from(one).toString('latin1')).not.toContain('whsec');
  });

  test('opens with no other key and for nobody else, naming the setting', async () => {
    const sealed = await box.seal('hush', 'a');
    const refused = { code: 'secrets.unavailable', message: expect.stringContaining('SECRETS_KEY') };
    await expect(other.open(sealed, 'a')).rejects.toMatchObject(refused);
    await expect(box.open(sealed, 'b')).rejects.toMatchObject(refused);
  });

  test('opens only whole and as it was: any other bit, any other length', async () => {
    const sealed = await box.seal('hush', 'a');
    for (let at = 0; at < sealed.byteLength; at++) {
      const changed = Uint8Array.from(sealed);
      changed[at] = changed[at]! ^ 1;
      await expect(box.open(changed, 'a')).rejects.toMatchObject({ code: 'secrets.unavailable' });
      await expect(box.open(sealed.subarray(0, at), 'a')).rejects.toMatchObject({
        code: 'secrets.unavailable',
      });
    }
  });

  test('a key that cannot be had is asked for again', async () => {
    let turns = 0;
    const late = createSecretBox(async () => {
      if (++turns === 1) throw new Error('not yet');
      return key;
    });
    await expect(late.seal('a', 'a')).rejects.toThrow('not yet');
    expect(await box.open(await late.seal('a', 'a'), 'a')).toBe('a');
    expect(turns).toBe(2);
  });
});

describe('the key of a data directory', () => {
  test('is made once, also by many at the same time, for its owner alone', async () => {
    const file = path.join(folder, 'deep', 'secrets.key');
    const keys = await Promise.all(Array.from({ length: 8 }, () => keyFromFile(file)));
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1);
    expect(keys[0]).toHaveLength(32);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(path.dirname(file))).toEqual(['secrets.key']);
    expect(await keyFromFile(file)).toEqual(keys[0]);
  });

  test('that is damaged is left as it is, and named', async () => {
    const file = path.join(folder, 'secrets.key');
    await writeFile(file, 'short');
    await expect(keyFromFile(file)).rejects.toMatchObject({
      code: 'secrets.unavailable',
      message: expect.stringContaining('SECRETS_KEY'),
    });
    expect(await readFile(file, 'utf8')).toBe('short');
    await expect(keyFromFile(path.join(file, 'below'))).rejects.toMatchObject({
      code: 'secrets.unavailable',
    });
  });
});
