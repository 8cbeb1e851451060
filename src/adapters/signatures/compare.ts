/** HMAC-SHA256 signatures compared in constant time. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SignedHeaders } from '../../application/ports-events.ts';

export function hmac(key: Uint8Array | string, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const made = createHmac('sha256', key);
  for (const part of parts) made.update(part);
  return made.digest();
}

/** 32 bytes in base64, written the one way there is; null for anything else. */
export function decodeSignature(text: string): Buffer | null {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(text)) return null;
  const bytes = Buffer.from(text, 'base64');
  // The last letter has two bits to spare: other spellings of the same bytes are not taken.
  return bytes.byteLength === 32 && bytes.toString('base64') === text ? bytes : null;
}

/** Whether one of the given is one of the wanted. All are compared, whatever is found. */
export function anyEqual(given: readonly Buffer[], wanted: readonly Buffer[]): boolean {
  let found = 0;
  for (const one of given) for (const other of wanted) found |= Number(timingSafeEqual(one, other));
  return found === 1;
}

/** The header's one value; null where it is missing, empty, or came more than once. */
export function single(headers: SignedHeaders, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}
