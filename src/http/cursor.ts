/** Where a list goes on, as one opaque word: base64url of JSON, checked like everything that comes from outside. */
import type { z } from 'zod';
import { malformed } from './tag-query.ts';

export function writeCursor(position: object | null): string | null {
  return position === null ? null : Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** Throws `request.malformed` for anything that `writeCursor` did not write for this kind of list. */
export function readCursor<T>(text: string, shape: z.ZodType<T>): T {
  const parsed = shape.safeParse(decoded(text));
  if (parsed.success) return parsed.data;
  const detail = 'It is not a cursor of this list; use "next" of an answer as it is.';
  throw malformed([{ code: 'request.malformed', detail, pointer: '/query/cursor' }]);
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
}
