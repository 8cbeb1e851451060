/** So many calls a minute for each key, or for each address where the service is open. Counted per process. */
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { HangtagError } from '../../domain/errors.ts';

/** An orchestrator's probes and a scraper must not be turned away, nor use up what others share an address with. */
const exempt = new Set(['/healthz', '/readyz', '/metrics']);

/** Callers remembered at once; the least recently seen is forgotten first. */
const remembered = 10_000;

/**
 * To be called after the key's check is in place and before the first route. Raises `request.rate_limited` with the
 * seconds until the caller's minute is over. Calls without a valid key end at the key's check and are not counted.
 */
export async function limitRate(app: FastifyInstance, perMinute: number): Promise<void> {
  await app.register(rateLimit, {
    max: perMinute,
    timeWindow: 60_000,
    cache: remembered,
    keyGenerator: ({ principal, ip }) => (principal ? `key:${principal.id}` : `address:${ip}`),
    allowList: ({ routeOptions }) => exempt.has(routeOptions.url ?? ''),
    errorResponseBuilder: (_request, { max, ttl }) =>
      new HangtagError('request.rate_limited', `At most ${max} calls a minute; nothing was stored.`, {
        retryAfter: Math.max(1, Math.ceil(ttl / 1000)),
      }),
  });
}
