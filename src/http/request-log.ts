/** One line per request, written when its answer is out or its caller is gone. Queries and headers may hold secrets: neither is logged. */
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What the log says of a caller who left before the answer. It is never sent. */
const callerGone = 499;

export function logWhenDone(request: FastifyRequest, reply: FastifyReply): void {
  const start = performance.now();
  reply.raw.once('close', () => {
    request.log.info(
      {
        method: request.method,
        path: request.url.split('?', 1)[0]!.slice(0, 1024),
        status: reply.raw.writableEnded ? reply.raw.statusCode : callerGone,
        ms: Math.round(performance.now() - start),
      },
      'request',
    );
  });
}
