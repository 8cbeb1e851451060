/**
 * Without keys the service is open, but only to this machine: the Host header must be loopback (DNS rebinding) and a
 * browser on another site may not post here (forms and scripts).
 */
import type { FastifyInstance } from 'fastify';
import { HangtagError } from '../domain/errors.ts';

const loopback = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

export function guardOrigins(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ headers }) => {
    if (!loopback.test(headers.host ?? '')) {
      throw new HangtagError(
        'request.cross_site',
        'This service is open on this machine only: the Host must be loopback.',
      );
    }
    const site = headers['sec-fetch-site'];
    const strange = site === 'cross-site' || site === 'same-site';
    if (strange || (headers.origin !== undefined && !isLoopbackOrigin(headers.origin))) {
      throw new HangtagError('request.cross_site', 'Requests from other sites are refused.');
    }
  });
}

function isLoopbackOrigin(origin: string): boolean {
  const found = /^https?:\/\/(.+)$/i.exec(origin);
  return found !== null && loopback.test(found[1]!);
}
