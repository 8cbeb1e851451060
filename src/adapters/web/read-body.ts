/** A body read to its end, or to where it becomes too large: what it says of its own length is believed only where it says too much. */
import { HangtagError } from '../../domain/errors.ts';

/** `length`: what the sender says, bytes; NaN where it says nothing. `most`: bytes. Refuses with `image.too_large`. */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  length: number,
  most: number,
): Promise<Uint8Array> {
  if (length > most) throw tooLarge(most);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > most) throw tooLarge(most);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(most: number): HangtagError {
  return new HangtagError('image.too_large', `The image has more than ${most / 2 ** 20} MiB.`);
}
