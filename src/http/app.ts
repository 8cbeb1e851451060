/** The table of contents of the door: what is registered, in which order. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import multipart from '@fastify/multipart';
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify';
import type { Services } from '../application/tag-request.ts';
import { HangtagError } from '../domain/errors.ts';
import { requireDeclaredScopes } from './access/declared-scopes.ts';
import type { LagSource } from './access/event-loop-lag.ts';
import { guardAccess } from './access/guard.ts';
import { shedLoad } from './access/load-shedding.ts';
import { limitRate } from './access/rate-limit.ts';
import type { ApiKey } from './access/scopes.ts';
import { answerBrokenHttp, refuseInOurWords } from './broken-http.ts';
import { asData } from './browser-headers.ts';
import { limitBytesInFlight } from './bytes-in-flight.ts';
import { sendError } from './error-response.ts';
import { countJsonFirst } from './json-values.ts';
import { type DoorLoad, type RequestRecorder, recordRequests } from './metrics-hook.ts';
import { multipartLimits } from './multipart-body.ts';
import { guardOrigins } from './origin-guard.ts';
import { logWhenDone } from './request-log.ts';
import { calibrationsRoutes } from './routes/calibrations.ts';
import { changesRoute } from './routes/changes.ts';
import { deliveriesRoutes } from './routes/deliveries.ts';
import { failuresRoutes } from './routes/failures.ts';
import { healthRoutes } from './routes/health.ts';
import { historyRoute } from './routes/history.ts';
import { importRoutes } from './routes/imports.ts';
import { metricsRoute, type RenderMetrics } from './routes/metrics.ts';
import { modelRoute } from './routes/model.ts';
import { openApiRoutes } from './routes/openapi.ts';
import { operationsRoute } from './routes/operations.ts';
import { productsRoutes } from './routes/products.ts';
import { readTagsRoute } from './routes/read-tags.ts';
import { reviewTagsRoute } from './routes/review-tags.ts';
import { subscriptionsRoutes } from './routes/subscriptions.ts';
import { tagProductRoute } from './routes/tag-product.ts';
import { taxonomiesRoutes } from './routes/taxonomies.ts';
import { taxonomyRoutes } from './routes/taxonomy.ts';
import { webhookRoutes } from './routes/webhooks.ts';

export interface AppLimits {
  /** Milliseconds for one request, at most. */
  readonly requestTimeoutMs: number;
  /** Bytes of one request, at most; 64 MiB unless told. */
  readonly requestBytes?: number;
  /** Bytes of a JSON body, at most; 16 MiB unless told. */
  readonly jsonBytes?: number;
  /** Bytes of all requests together, at most; 256 MiB unless told. */
  readonly bytesInFlight?: number;
  /** Calls a minute for each key, or each address where there are no keys; 0 or absent: no limit. */
  readonly ratePerMinute?: number;
}

export interface AppOptions {
  readonly services: Services;
  readonly log: FastifyBaseLogger;
  readonly limits: AppLimits;
  /** Who may call. Null: anybody on this machine, and then Host and Origin must be loopback. */
  readonly keys: readonly ApiKey[] | null;
  /** How late the event loop is; absent: no load is shed. Closed with the app. */
  readonly lag?: LagSource;
  /** Counts requests and adds `GET /metrics`; without it there is neither. */
  readonly metrics?: {
    readonly request: RequestRecorder;
    readonly render: RenderMetrics;
    door(load: DoorLoad): void;
  };
}

export { measureLag } from './access/event-loop-lag.ts';

const mebibyte = 2 ** 20;

export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { services, log, limits, keys, lag, metrics } = options;
  const { requestTimeoutMs, requestBytes = 64 * mebibyte, jsonBytes = 16 * mebibyte } = limits;
  const app: FastifyInstance = fastify({
    loggerInstance: log,
    bodyLimit: jsonBytes,
    genReqId: requestId,
    // As much as Node lets through in all headers: too long an id is then named as such.
    routerOptions: { maxParamLength: 2 ** 14 },
    requestTimeout: requestTimeoutMs,
    http: {
      requestTimeout: requestTimeoutMs,
      // Node swaps the two if headers had longer, and looks for late requests only every 30 s unless told.
      headersTimeout: Math.min(requestTimeoutMs, 60_000),
      connectionsCheckingInterval: 1000,
      requireHostHeader: false,
    },
    clientErrorHandler: answerBrokenHttp,
    // Requests that arrive while we stop are served; their connections close.
    return503OnClosing: false,
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: (error, request, reply) => {
      begin(request, reply as never);
      sendError(error, request, reply as never);
    },
  });

  app.addHook('onRequest', async (request, reply) => begin(request, reply));
  refuseInOurWords(app);
  if (metrics) recordRequests(app, metrics.request);
  if (keys === null) guardOrigins(app);
  if (lag) shedLoad(app, lag);
  guardAccess(app, keys);
  const bytesInFlight = limitBytesInFlight(app, {
    total: limits.bytesInFlight ?? 256 * mebibyte,
    largest: requestBytes,
  });
  metrics?.door({ bytesInFlight, ...(lag ? { lagMs: lag.lagMs } : {}) });
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    sendError(
      new HangtagError('request.not_found', 'There is nothing at this path and method.'),
      request,
      reply,
    ),
  );
  app.removeContentTypeParser('text/plain');
  countJsonFirst(app);
  await app.register(multipart, multipartLimits);
  requireDeclaredScopes(app);
  if (limits.ratePerMinute) await limitRate(app, limits.ratePerMinute);

  tagProductRoute(app, services, { requestTimeoutMs, requestBytes });
  readTagsRoute(app, services);
  reviewTagsRoute(app, services);
  historyRoute(app, services);
  productsRoutes(app, services);
  operationsRoute(app, services);
  failuresRoutes(app, services);
  await webhookRoutes(app, services);
  changesRoute(app, services);
  subscriptionsRoutes(app, services);
  deliveriesRoutes(app, services);
  await importRoutes(app, services.imports, { silenceMs: requestTimeoutMs });
  taxonomyRoutes(app, services);
  taxonomiesRoutes(app, services);
  calibrationsRoutes(app, services);
  modelRoute(app, services);
  healthRoutes(app, services);
  await openApiRoutes(app);
  if (metrics) metricsRoute(app, metrics.render);
  await app.ready();
  return app;
}

/** The caller's id where it is harmless in a log, else a new one. */
function requestId({ headers }: { readonly headers: IncomingMessage['headers'] }): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
}

/** What every answer carries, refusals before routing included, and its line in the log. */
function begin(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id);
  asData(reply);
  logWhenDone(request, reply);
}
