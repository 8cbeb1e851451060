/** `GET /operations/:id`: how work that was accepted for later fares. */
import type { FastifyInstance } from 'fastify';
import type { Services } from '../../application/tag-request.ts';
import { operationId } from '../operation-id.ts';

export function operationsRoute(app: FastifyInstance, services: Services): void {
  app.get<{ Params: { id: string } }>(
    '/operations/:id',
    { config: { scope: 'tag' } },
    async (request, reply) => {
      const id = operationId(request.params.id);
      reply.header('cache-control', 'no-store');
      return services.readOperation(id);
    },
  );
}
