/** The key of this data directory: made once, for its owner's eyes alone, and on the disk before anything is sealed with it. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises';
import path from 'node:path';
import { HangtagError } from '../../domain/errors.ts';

const keyLength = 32;

/** `file`: made where it is missing, with the folders above it. */
export async function keyFromFile(file: string): Promise<Uint8Array> {
  try {
    const known = await existing(file);
    if (known !== null) return readKey(known, file);
    await make(file);
    return readKey((await existing(file)) ?? '', file);
  } catch (error) {
    if (error instanceof HangtagError) throw error;
    const detail = 'The key file secrets.key under DATA_DIR cannot be used; SECRETS_KEY can take its place.';
    throw new HangtagError('secrets.unavailable', detail, { cause: error, retryAfter: 60 });
  }
}

async function existing(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function readKey(text: string, file: string): Uint8Array {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.byteLength === keyLength) return key;
  const detail = `${path.basename(file)} under DATA_DIR holds no key of ${keyLength} bytes; put the right one back, or set SECRETS_KEY.`;
  throw new HangtagError('secrets.unavailable', detail, { retryAfter: 60 });
}

/** Whole or not at all; where another process was faster, its key stands. */
async function make(file: string): Promise<void> {
  const folder = path.dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${randomBytes(keyLength).toString('base64')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  const above = await open(folder, 'r');
  try {
    await above.sync();
  } finally {
    await above.close();
  }
}
