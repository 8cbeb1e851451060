/** `GET /healthz`: the process answers. `GET /readyz`: it can tag, right now. */
import type { FastifyInstance } from 'fastify';
import type { Services } from '../../application/tag-request.ts';

export function healthRoutes(app: FastifyInstance, services: Services): void {
  app.get('/healthz', { logLevel: 'warn', config: { scope: 'none' } }, async () => ({ status: 'ok' }));

  app.get('/readyz', { logLevel: 'warn', config: { scope: 'none' } }, async (_request, reply) => {
    const { checks, captions } = await services.readiness();
    const ready = Object.values(checks).every((problem) => problem === null);
    reply.code(ready ? 200 : 503).header('cache-control', 'no-store');
    if (!ready) reply.header('retry-after', '5');
    return { status: ready ? 'ready' : 'not-ready', checks, ...(captions && { captions }) };
  });
}
