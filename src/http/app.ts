/** The table of contents of the door: what is registered, in which order. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import multipart from '@fastify/multipart';
import { type FastifyBaseLogger, type FastifyInstance, fastify } from 'fastify';
import type { Services } from '../application/tag-request.ts';
import { HangtagError } from '../domain/errors.ts';
import { limitBytesInFlight } from './bytes-in-flight.ts';
import { problem, sendError } from './error-response.ts';
import { multipartLimits } from './multipart-body.ts';
import { guardOrigins } from './origin-guard.ts';
import { healthRoutes } from './routes/health.ts';
import { modelRoute } from './routes/model.ts';
import { openApiRoutes } from './routes/openapi.ts';
import { readTagsRoute } from './routes/read-tags.ts';
import { tagProductRoute } from './routes/tag-product.ts';
import { taxonomyRoutes } from './routes/taxonomy.ts';

export interface AppLimits {
  /** Milliseconds for one request, at most. */
  readonly requestTimeoutMs: number;
  /** Bytes of one request, at most; 64 MiB unless told. */
  readonly requestBytes?: number;
  /** Bytes of a JSON body, at most; 16 MiB unless told. */
  readonly jsonBytes?: number;
  /** Bytes of all requests together, at most; 256 MiB unless told. */
  readonly bytesInFlight?: number;
}

export interface AppOptions {
  readonly services: Services;
  readonly log: FastifyBaseLogger;
  readonly limits: AppLimits;
  /** No keys: Host and Origin must be loopback. */
  readonly openOnLoopback: boolean;
}

const mebibyte = 2 ** 20;

export async function buildApp({
  services,
  log,
  limits,
  openOnLoopback,
}: AppOptions): Promise<FastifyInstance> {
  const { requestTimeoutMs, requestBytes = 64 * mebibyte, jsonBytes = 16 * mebibyte } = limits;
  const app: FastifyInstance = fastify({
    loggerInstance: log,
    bodyLimit: jsonBytes,
    genReqId: requestId,
    // 256 characters of four bytes, each byte written as %XX.
    routerOptions: { maxParamLength: 256 * 12 },
    requestTimeout: requestTimeoutMs,
    clientErrorHandler: answerBrokenHttp,
    frameworkErrors: (error, request, reply) => sendError(error, request, reply as never),
  });

  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
  });
  if (openOnLoopback) guardOrigins(app);
  limitBytesInFlight(app, { total: limits.bytesInFlight ?? 256 * mebibyte, largest: requestBytes });
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    sendError(
      new HangtagError('request.not_found', 'There is nothing at this path and method.'),
      request,
      reply,
    ),
  );
  app.removeContentTypeParser('text/plain');
  await app.register(multipart, multipartLimits);

  tagProductRoute(app, services, { requestTimeoutMs, requestBytes });
  readTagsRoute(app, services);
  taxonomyRoutes(app, services);
  modelRoute(app, services);
  healthRoutes(app, services);
  await openApiRoutes(app);
  await app.ready();
  return app;
}

/** The caller's id where it is harmless in a log, else a new one. */
function requestId({ headers }: { readonly headers: IncomingMessage['headers'] }): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
}

/** What is not HTTP at all gets one honest answer and no connection. */
function answerBrokenHttp(this: FastifyInstance, _error: Error, socket: import('node:net').Socket): void {
  if (!socket.writable || socket.destroyed) return;
  const fault = new HangtagError('request.malformed', 'This is not a well-formed HTTP request.');
  const body = JSON.stringify(problem(fault, 400, randomUUID()));
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
