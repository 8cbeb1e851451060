/** `POST /webhooks/…`: events of shops. Their signature is the access, over the bytes as they came; the content type says nothing. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Sender } from '../../application/receive-event.ts';
import type { Services } from '../../application/tag-request.ts';

const senders: readonly Sender[] = ['catalog', 'shopify', 'woocommerce'];

/** Bytes of one event, at most. */
const largest = 2 ** 20;

export async function webhookRoutes(app: FastifyInstance, services: Services): Promise<void> {
  // In a scope of its own, so that no other call takes a body unread.
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // Before Fastify looks at it: what is no content type at all would be refused.
    scope.addHook('onRequest', async ({ headers }) => {
      headers['content-type'] = 'application/octet-stream';
    });
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: largest }, (_request, body, done) => {
      done(null, body);
    });
    for (const sender of senders) {
      scope.post(
        `/webhooks/${sender}`,
        { config: { scope: 'none' }, bodyLimit: largest },
        async (request, reply) => {
          const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
          const headers = distinctHeaders(request);
          reply.header('cache-control', 'no-store');
          if (sender === 'woocommerce' && isPing(headers, body) && services.receives(sender))
            return { eventId: null, status: 'ignored' };
          return reply.code(202).send(await services.receiveEvent(sender, headers, body));
        },
      );
    }
  });
}

/** By lower-case name; a header that came more than once as a list, which Node would join into one that looks whole. */
function distinctHeaders({ raw }: FastifyRequest): Readonly<Record<string, string | readonly string[]>> {
  const found = new Map<string, string[]>();
  for (let at = 0; at + 1 < raw.rawHeaders.length; at += 2) {
    const name = raw.rawHeaders[at]!.toLowerCase();
    found.set(name, [...(found.get(name) ?? []), raw.rawHeaders[at + 1]!]);
  }
  return Object.fromEntries(
    [...found].map(([name, values]) => [name, values.length === 1 ? values[0]! : values]),
  );
}

/**
 * WooCommerce asks whether anybody is there when a webhook is saved: without a signature, as a form with the webhook's number alone, and
 * shows an error for any answer but 200. Nothing is done for it.
 */
function isPing(headers: ReturnType<typeof distinctHeaders>, body: Buffer): boolean {
  return (
    headers['x-wc-webhook-signature'] === undefined &&
    body.length <= 40 &&
    /^webhook_id=\d{1,20}$/.test(body.toString('latin1'))
  );
}
