/**
 * Tells a recorder of every answered request, by route pattern: a path that somebody made up is `unknown`. What is
 * not HTTP, or has a path that cannot be decoded, is refused before any hook and not counted.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../domain/errors.ts';

export interface AnsweredRequest {
  /** An HTTP method in use, or `other`. */
  readonly method: string;
  /** The pattern, as `/products/:id/tags`, or `unknown`. */
  readonly route: string;
  /** As sent; 499 where the caller went away before any of it was. */
  readonly status: number;
  readonly seconds: number;
  /** The code of the problem that it was answered with. */
  readonly fault: ErrorCode | null;
}

export type RequestRecorder = (answered: AnsweredRequest) => void;

/** How much the door has to do, for whoever asks. */
export interface DoorLoad {
  bytesInFlight(): number;
  lagMs?(): number;
}

declare module 'fastify' {
  interface FastifyReply {
    /** Set by whoever answers with a problem. */
    faultCode?: ErrorCode;
  }
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

export function recordRequests(app: FastifyInstance, record: RequestRecorder): void {
  const told = new WeakSet<FastifyRequest>();
  const tell = (request: FastifyRequest, reply: FastifyReply) => {
    if (told.has(request)) return;
    told.add(request);
    record({
      method: methods.includes(request.method) ? request.method : 'other',
      route: request.routeOptions.url ?? 'unknown',
      status: reply.raw.headersSent ? reply.statusCode : 499,
      seconds: reply.elapsedTime / 1000,
      fault: reply.faultCode ?? null,
    });
  };
  app.addHook('onRequest', async (request, reply) => {
    // The caller who hung up, for whom no response ever finishes.
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) tell(request, reply);
    });
  });
  app.addHook('onResponse', async (request, reply) => tell(request, reply));
}
