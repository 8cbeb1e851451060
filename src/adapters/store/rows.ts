/** Between the domain's shapes and what a row can hold. */
import { createHash } from 'node:crypto';
import { HangtagError } from '../../domain/errors.ts';
import type { TagSet } from '../../domain/tagging/types.ts';

/** Longest product id in UTF-16 units: 256 characters, each of up to two. An index entry must stay far below 2.7 kB. */
const longestId = 512;

/** PostgreSQL text holds neither U+0000 nor half a surrogate pair: such an id would be refused or become another id. */
export function checkedProductId(productId: string): string {
  if (productId === '' || productId.length > longestId || /\0|\p{Surrogate}/u.test(productId)) {
    throw new HangtagError(
      'product.invalid_id',
      'A product id has 1 to 256 characters and no control characters.',
    );
  }
  return productId;
}

/** All that is kept of a deleted product's id. */
export function idHash(productId: string): string {
  return createHash('sha256').update(productId).digest('hex');
}

/** Text for a column of its own, less the one character that PostgreSQL cannot store. */
export function plain(text: string): string {
  return text.replaceAll('\0', '');
}

/** The pictures that a TagSet rests on, by position. */
export function pictures(tagSet: TagSet): { readonly position: number; readonly sha256: string }[] {
  return tagSet.images.flatMap(({ sha256 }, position) =>
    sha256 === undefined ? [] : [{ position, sha256 }],
  );
}

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Little-endian float32, whatever the machine's own order. */
export function vectorToBytes(vector: Float32Array): Buffer {
  const bytes = Buffer.from(Float32Array.from(vector).buffer);
  return littleEndian ? bytes : bytes.swap32();
}

export function bytesToVector(bytes: Uint8Array): Float32Array {
  // A copy of its own: what the driver gives may lie anywhere in memory that others share.
  const own = Uint8Array.from(bytes);
  if (!littleEndian) Buffer.from(own.buffer).swap32();
  return new Float32Array(own.buffer);
}
