/** `GET /operations/:id`: how work that was accepted for later fares. */
import type { FastifyInstance } from 'fastify';
import type { Services } from '../../application/tag-request.ts';
import { HangtagError } from '../../domain/errors.ts';
import { uuid } from '../uuid.ts';

export function operationsRoute(app: FastifyInstance, services: Services): void {
  app.get<{ Params: { id: string } }>(
    '/operations/:id',
    { config: { scope: 'tag' } },
    async (request, reply) => {
      const { id } = request.params;
      if (!uuid.test(id)) throw new HangtagError('operation.not_found', 'An operation’s id is a UUID.');
      reply.header('cache-control', 'no-store');
      return services.readOperation(id.toLowerCase());
    },
  );
}
