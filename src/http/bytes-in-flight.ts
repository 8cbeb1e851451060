/** A process-wide cap on bodies being received and worked: refused before reading, by what they announce. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HangtagError } from '../domain/errors.ts';
import type { LongBody } from './long-body.ts';

/**
 * A route with a `longBody` takes larger ones and counts as little: it holds no more of them at a time.
 * `total`: bytes in flight, at most. `largest`: what a request may be; one that does not announce its length counts as
 * that much. Gives what is in flight, whenever asked.
 */
export function limitBytesInFlight(
  app: FastifyInstance,
  limits: { readonly total: number; readonly largest: number },
): () => number {
  let inFlight = 0;
  const held = new WeakMap<FastifyRequest, number>();
  const release = (request: FastifyRequest) => {
    inFlight -= held.get(request) ?? 0;
    held.delete(request);
  };

  app.addHook('onRequest', async (request, reply) => {
    const { 'content-length': announced, 'transfer-encoding': encoding } = request.headers;
    if (announced === undefined && encoding === undefined) return;
    const long: LongBody | undefined = request.routeOptions.config?.longBody;
    const { largest } = long ?? limits;
    const whole = announced === undefined ? largest : Number(announced);
    if (whole > largest) {
      throw new HangtagError('request.too_large', `A request may have at most ${largest} bytes.`);
    }
    const bytes = Math.min(whole, long?.held ?? whole);
    if (inFlight + bytes > limits.total) {
      throw new HangtagError('service.overloaded', 'Too many bytes are being received already.', {
        retryAfter: 1,
      });
    }
    inFlight += bytes;
    held.set(request, bytes);
    // Closed covers the caller who hung up, for whom no response ever finishes.
    reply.raw.once('close', () => release(request));
  });
  app.addHook('onResponse', async (request) => release(request));
  return () => inFlight;
}
