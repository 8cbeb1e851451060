/** From a request's headers to who calls. Keys are random (24 bytes), so one round of sha256 is enough to store them by. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { ApiKey, Principal } from './scopes.ts';

export type Identify = (headers: IncomingHttpHeaders) => Principal | null;

/** `ht_<id>_<secret>`: an id has no underscore, so the first one after `ht_` ends it; a secret may hold more. */
const shape = /^ht_([a-z0-9-]{1,32})_(.+)$/;

/** Null for no key, a malformed one, an unknown id or a wrong secret: nothing outside can tell which it was. */
export function createIdentify(keys: readonly ApiKey[]): Identify {
  const known = new Map(
    keys.map(({ id, scopes, sha256 }) => [
      id,
      { digest: Buffer.from(sha256, 'hex'), principal: { id, scopes: new Set(scopes) } },
    ]),
  );
  // What an unknown id is compared with, so that it costs the same as a known one. Nobody knows its preimage.
  const nobody = { digest: randomBytes(32), principal: null };

  return (headers) => {
    const [, id = '', secret = ''] = shape.exec(presented(headers)) ?? [];
    const candidate = known.get(id) ?? nobody;
    const same = timingSafeEqual(createHash('sha256').update(secret).digest(), candidate.digest);
    return same ? candidate.principal : null;
  };
}

/** Bearer first. An `Authorization` of another scheme is a proxy's affair and leaves `x-api-key` to us. */
function presented(headers: IncomingHttpHeaders): string {
  const bearer = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '');
  if (bearer) return bearer[1]!;
  const given = headers['x-api-key'];
  return typeof given === 'string' ? given.trim() : '';
}
