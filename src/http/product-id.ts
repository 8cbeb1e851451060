/** Product ids: any string of 1 to 256 characters without control characters; `.` and `..` are paths, not ids. */
import { HangtagError } from '../domain/errors.ts';

const control = /\p{Cc}|\p{Cs}/u;

/** `id` as Fastify decoded it. Throws `product.invalid_id`. */
export function productId(id: string): string {
  const characters = [...id].length;
  if (characters < 1 || characters > 256) throw invalid('has 1 to 256 characters');
  if (control.test(id)) throw invalid('has no control characters');
  if (id === '.' || id === '..') throw invalid('is not a path');
  return id;
}

function invalid(rule: string): HangtagError {
  return new HangtagError('product.invalid_id', `A product id ${rule}.`);
}
