/** The key's check at the door, before a byte of the body is read. */
import type { FastifyInstance } from 'fastify';
import { HangtagError } from '../../domain/errors.ts';
import { createIdentify } from './keys.ts';
import { type ApiKey, allows, declaredScope } from './scopes.ts';

/**
 * `keys` null: the service is open (on loopback, which `origin-guard.ts` sees to) and every principal is null.
 * Raises `access.unauthenticated` and `access.forbidden`.
 */
export function guardAccess(app: FastifyInstance, keys: readonly ApiKey[] | null): void {
  app.decorateRequest('principal', null);
  if (keys === null) return;
  const identify = createIdentify(keys);

  app.addHook('onRequest', async (request) => {
    request.principal = identify(request.headers);
    if (request.is404) return;
    // An undeclared scope stops the start already; were one to slip through, it opens for nobody less than admin.
    const scope = declaredScope(request.routeOptions.config) ?? 'admin';
    if (scope === 'none') return;
    if (request.principal === null) {
      throw new HangtagError(
        'access.unauthenticated',
        'Send a valid key as "Authorization: Bearer ht_<id>_<secret>" or "x-api-key: ht_<id>_<secret>".',
      );
    }
    if (!allows(request.principal, scope)) {
      throw new HangtagError('access.forbidden', `This call needs a key with the scope "${scope}".`);
    }
  });
}
