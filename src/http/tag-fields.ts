/** What a tagging request says beside its pictures, alike for forms and JSON. */
import type { ImageInput } from '../application/tag-request.ts';
import { HangtagError, type Problem } from '../domain/errors.ts';
import { malformed } from './tag-query.ts';

export const maxImages = 8;
export const maxImageBytes = 20 * 2 ** 20;
const views = ['front', 'back', 'side', 'detail', 'other'];
const plain = /^[^\p{Cc}\p{Cs}]*$/u;

/** The body of a tagging request. `category` and `title` are null where absent or empty. */
export interface TagBody {
  readonly images: readonly ImageInput[];
  readonly category: string | null;
  readonly title: string | null;
}

export function tooLarge(bytes = maxImageBytes): HangtagError {
  return new HangtagError('image.too_large', `An image may have at most ${Math.round(bytes / 2 ** 20)} MiB.`);
}

export function tooMany(): HangtagError {
  return new HangtagError('image.too_many', `One request takes at most ${maxImages} images.`);
}

export function missing(): HangtagError {
  return new HangtagError('image.missing', 'Send at least one image.');
}

/** A line of text: trimmed, null where empty. Throws where it is too long or has control characters. */
export function textField(value: string | undefined, pointer: string, most = 512): string | null {
  const text = value?.trim() ?? '';
  // Units first: counting the characters of megabytes costs more than refusing them.
  if (text.length > 2 * most || [...text].length > most)
    throw malformed([wrong(pointer, `has at most ${most} characters`)]);
  if (!plain.test(text)) throw malformed([wrong(pointer, 'has no control characters')]);
  return text === '' ? null : text;
}

/** A view as the contract names it, or null. Throws for any other word. */
export function viewField(value: string | undefined | null, pointer: string): string | null {
  const view = value?.trim() || null;
  if (view !== null && !views.includes(view))
    throw malformed([wrong(pointer, `is one of ${views.join(', ')}`)]);
  return view;
}

/** A comma-separated list with one entry per image; entries may be empty. Nulls where the field is absent. */
export function perImage(
  value: string | undefined,
  count: number,
  pointer: string,
): readonly (string | null)[] {
  if (value === undefined || value.trim() === '') return Array.from({ length: count }, () => null);
  const entries = value.split(',').map((entry, index) => textField(entry, `${pointer}/${index}`, 128));
  if (entries.length !== count) {
    throw malformed([wrong(pointer, `has one entry per image: ${count} images, ${entries.length} entries`)]);
  }
  return entries;
}

function wrong(pointer: string, rule: string): Problem {
  return { code: 'request.malformed', detail: `It ${rule}.`, pointer };
}
