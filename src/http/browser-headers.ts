/**
 * What a browser may do with an answer. Most answers are data: were one opened as a page or put into a frame, it may
 * load nothing, run nothing, and tell nobody where it came from. Pages say more, through helmet.
 *
 * No Strict-Transport-Security: hangtag speaks plain HTTP, where browsers ignore it, and whoever ends TLS in front of it
 * knows which names it may promise HTTPS for.
 */
import helmet from '@fastify/helmet';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** On every answer; those of a page are its own. There is no CORS, so no other origin has a use for any of them. */
export const dataHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

export function asData(reply: FastifyReply): void {
  reply.headers(dataHeaders);
}

/**
 * For a scope of pages with scripts, styles and pictures of our own origin. `styles`: hashes of style elements that they
 * hold, as CSP writes them. `upgrade-insecure-requests`, which is in many a default, would break pages wherever they are
 * served over plain HTTP under a name other than localhost.
 */
export async function guardPages(scope: FastifyInstance, styles: readonly string[] = []): Promise<void> {
  // Helmet writes beside Fastify's own headers, which would win.
  scope.addHook('onRequest', async (_request, reply) => {
    for (const name of Object.keys(dataHeaders)) reply.removeHeader(name);
  });
  await scope.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", ...styles],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: false,
    // No promise about all pages of this origin is ours to make.
    originAgentCluster: false,
  });
}
