/**
 * Secrets sealed with AES-256-GCM: a random nonce for each, and its owner's id as additional data, so that a row moved to another owner
 * opens no more than one that was changed.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { SecretBox } from '../../application/ports-outgoing.ts';
import { HangtagError } from '../../domain/errors.ts';

const cipher = 'aes-256-gcm';
/** Bytes. */
const nonceLength = 12;
const tagLength = 16;

/** `key`: 32 bytes, asked for at the first use. */
export function createSecretBox(key: () => Promise<Uint8Array>): SecretBox {
  let known: Promise<Uint8Array> | null = null;
  // One that could not be had is asked for again.
  const held = () => {
    known ??= key().catch((error: unknown) => {
      known = null;
      throw error;
    });
    return known;
  };

  return {
    async seal(secret, owner) {
      const nonce = randomBytes(nonceLength);
      const sealing = createCipheriv(cipher, await held(), nonce, { authTagLength: tagLength });
      sealing.setAAD(Buffer.from(owner));
      const text = Buffer.concat([sealing.update(secret, 'utf8'), sealing.final()]);
      return Buffer.concat([nonce, sealing.getAuthTag(), text]);
    },
    async open(sealed, owner) {
      const bytes = Buffer.from(sealed);
      const nonce = bytes.subarray(0, nonceLength);
      const tag = bytes.subarray(nonceLength, nonceLength + tagLength);
      if (tag.byteLength < tagLength) throw foreign();
      const opening = createDecipheriv(cipher, await held(), nonce, { authTagLength: tagLength });
      opening.setAAD(Buffer.from(owner));
      opening.setAuthTag(tag);
      try {
        const text = [opening.update(bytes.subarray(nonceLength + tagLength)), opening.final()];
        return Buffer.concat(text).toString('utf8');
      } catch (error) {
        throw foreign(error);
      }
    },
  };
}

function foreign(cause?: unknown): HangtagError {
  const detail =
    'SECRETS_KEY (or secrets.key under DATA_DIR) is not the key that the stored secrets were sealed with, or what is stored was changed.';
  return new HangtagError('secrets.unavailable', detail, { cause, retryAfter: 60 });
}
