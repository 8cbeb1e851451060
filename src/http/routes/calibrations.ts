/** `/admin/calibrations`: fitted thresholds, taken in and made to count. */
import type { FastifyInstance } from 'fastify';
import type { Services } from '../../application/tag-request.ts';
import { HangtagError } from '../../domain/errors.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { malformed, problemsOf } from '../tag-query.ts';
import { wireCalibration } from '../wire-meanings.ts';
import { listQuery, position } from './taxonomies.ts';

const admin = { config: { scope: 'admin' } } as const;
/** Ample for a thousand attributes. */
const maxCalibrationBytes = 2 ** 20;
const list = 'calibrations';

export function calibrationsRoutes(app: FastifyInstance, services: Services): void {
  app.get('/admin/calibrations', admin, async (request, reply) => {
    const parsed = listQuery.safeParse(request.query);
    if (!parsed.success) throw malformed(problemsOf(parsed.error, 'query'));
    const { limit, cursor } = parsed.data;
    const after = cursor === undefined ? null : readCursor(cursor, list, position).after;
    const { items, next } = await services.calibrations.list(limit, after);
    reply.header('cache-control', 'no-cache');
    return {
      items: items.map(wireCalibration),
      next: writeCursor(next === null ? null : { after: next }, list),
    };
  });

  app.post('/admin/calibrations', { ...admin, bodyLimit: maxCalibrationBytes }, async ({ body }, reply) => {
    if (typeof body !== 'object' || body === null || Buffer.isBuffer(body))
      throw new HangtagError('request.malformed', 'Send a JSON object.');
    const { created, calibration } = await services.calibrations.add(body);
    if (created) reply.code(201);
    return wireCalibration(calibration);
  });

  app.post<{ Params: { id: string } }>('/admin/calibrations/:id/activate', admin, async ({ params }) => {
    // Anything else would never have been stored, and could not be asked for.
    if (!/^[!-~]{1,200}$/.test(params.id))
      throw new HangtagError('calibration.not_found', 'There is no calibration with this id.');
    return wireCalibration(await services.calibrations.activate(params.id));
  });
}
