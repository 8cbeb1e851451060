/** `Idempotency-Key`: the caller's name for one call, so that it can be sent again without harm. */
import type { FastifyRequest } from 'fastify';
import type { RepeatableCall } from '../application/tag-request.ts';
import { malformed } from './tag-query.ts';

/** Null without the header. Raises `request.malformed` for a key that is empty, too long, or not printable ASCII. */
export function repeatableCall(request: FastifyRequest, answer: string): RepeatableCall | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(key)) {
    const detail = 'Idempotency-Key has 1 to 255 printable ASCII characters.';
    throw malformed([{ code: 'request.malformed', detail, pointer: '/headers/idempotency-key' }]);
  }
  return { scope: request.principal?.id ?? '', key, answer };
}
