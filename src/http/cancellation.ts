/** A signal that fires when the caller goes away or the request has taken too long. */
import type { FastifyReply } from 'fastify';
import { HangtagError } from '../domain/errors.ts';

/** Runs `work` with that signal, and gives up on it when the signal fires first. */
export async function withDeadline<T>(
  reply: FastifyReply,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const gone = () => {
    if (!reply.raw.writableFinished)
      controller.abort(new HangtagError('request.cancelled', 'The caller went away.'));
  };
  const late = () =>
    controller.abort(
      new HangtagError('inference.timeout', `No answer within ${ms} ms; nothing was stored.`, {
        retryAfter: 1,
      }),
    );
  const timer = setTimeout(late, ms);
  reply.raw.on('close', gone);
  const aborted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true });
  });
  aborted.catch(() => {});
  try {
    return await Promise.race([work(controller.signal), aborted]);
  } finally {
    clearTimeout(timer);
    reply.raw.off('close', gone);
  }
}
