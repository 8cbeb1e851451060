/** `GET /model`: what the active model is, can, and refuses. */
import type { FastifyInstance } from 'fastify';
import type { Services } from '../../application/tag-request.ts';

export function modelRoute(app: FastifyInstance, services: Services): void {
  app.get('/model', { config: { scope: 'read' } }, async () => {
    const { card, calibration, category, attributes } = services.describeModel();
    const { backend, id, fingerprint, license, input, dim, refuses } = card;
    return {
      backend,
      id,
      fingerprint,
      licence: license,
      dim,
      input,
      refuses,
      calibration,
      category,
      attributes,
    };
  });
}
