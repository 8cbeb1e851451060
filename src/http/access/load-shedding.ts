/** A loop that is badly late takes no new work: what it has begun would otherwise time out together with what comes. */
import type { FastifyInstance } from 'fastify';
import { HangtagError } from '../../domain/errors.ts';
import type { LagSource } from './event-loop-lag.ts';

/**
 * Milliseconds of mean lateness above which POSTs are refused. An upload takes many turns of the loop; at 250 ms each of
 * them waits a quarter of a second. Far above a healthy loop, so that only one in trouble is meant.
 */
const badlyLateMs = 250;

/** Seconds: one window of the measurement, and one more to catch up. */
const retryAfter = 2;

/** Raises `service.overloaded` before the body is read. Reading calls and probes are let through: they are cheap. */
export function shedLoad(app: FastifyInstance, lag: LagSource): void {
  app.addHook('onRequest', async ({ method }) => {
    if (method === 'POST' && lag.lagMs() > badlyLateMs) {
      throw new HangtagError(
        'service.overloaded',
        'The service is too busy to take more work; nothing was stored.',
        { retryAfter },
      );
    }
  });
  app.addHook('onClose', async () => lag.close());
}
