/** `GET /metrics`: Prometheus text, for callers on this machine, or with a key that may read. */
import { BlockList, isIPv6 } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HangtagError } from '../../domain/errors.ts';
import { allows } from '../access/scopes.ts';

export type RenderMetrics = () => Promise<{ readonly contentType: string; readonly text: string }>;

export function metricsRoute(app: FastifyInstance, render: RenderMetrics): void {
  // The address may do instead of a key, which no scope can say: hence `none`, and the check here.
  app.get('/metrics', { config: { scope: 'none' }, logLevel: 'warn' }, async (request, reply) => {
    if (!isFromHere(request) && !allows(request.principal, 'read')) {
      throw new HangtagError(
        request.principal ? 'access.forbidden' : 'access.unauthenticated',
        'Metrics are given to callers on this machine, or with a key that has the scope "read".',
      );
    }
    const { contentType, text } = await render();
    return reply.header('cache-control', 'no-store').type(contentType).send(text);
  });
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** By the socket's own address. What a proxy on this machine passes on comes from elsewhere and says so. */
function isFromHere({ raw, headers }: FastifyRequest): boolean {
  if (headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined) return false;
  const address = raw.socket.remoteAddress ?? '';
  // An IPv4 caller on a socket that listens on both is ::ffff:127.0.0.1, which the list reads as IPv4.
  return loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
