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

export function acceptedCategory({ category }: TagSet): string | null {
  const id = category.status === 'accepted' ? category.values[0]?.id : null;
  return id == null ? null : plain(id);
}

/** The pictures that a TagSet rests on, by position. */
export function pictures(tagSet: TagSet): { readonly position: number; readonly sha256: string }[] {
  return tagSet.images.flatMap(({ sha256 }, position) =>
    sha256 === undefined ? [] : [{ position, sha256 }],
  );
}

/** Little-endian float32, whatever the machine's own order. */
export function vectorToBytes(vector: Float32Array): Buffer {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, index) => {
    bytes.writeFloatLE(value, index * 4);
  });
  return bytes;
}

export function bytesToVector(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength / 4 }, (_, index) => view.getFloat32(index * 4, true));
}
