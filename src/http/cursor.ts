/**
 * Where a list goes on, as one opaque word: base64url of JSON and of a check over it and the list that it belongs to.
 * The check is no secret. It tells a cursor that was cut, changed, or carried to another list from one of ours.
 */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { malformed } from './tag-query.ts';

/** `list`: everything that tells this list from others, its conditions included. */
export function writeCursor(position: object | null, list: string): string | null {
  if (position === null) return null;
  const json = JSON.stringify(position);
  return `${Buffer.from(json).toString('base64url')}.${check(json, list)}`;
}

/** Throws `request.malformed` for anything that `writeCursor` did not write for this list. */
export function readCursor<T>(text: string, list: string, shape: z.ZodType<T>, pointer = '/query/cursor'): T {
  const json = Buffer.from(text.split('.', 1)[0]!, 'base64url').toString();
  const position =
    text === `${Buffer.from(json).toString('base64url')}.${check(json, list)}` && decoded(json);
  const parsed = shape.safeParse(position);
  if (parsed.success) return parsed.data;
  const detail = 'It is not a cursor of this list; use "next" of an answer as it is, with the same query.';
  throw malformed([{ code: 'request.malformed', detail, pointer }]);
}

function check(json: string, list: string): string {
  return createHash('sha256').update(`${list}\n${json}`).digest('base64url').slice(0, 12);
}

function decoded(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
