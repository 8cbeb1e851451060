/**
 * A body that may take longer than any other request: what counts is that it keeps coming. The caller is slowed down to the pace of
 * whoever reads it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { HangtagError } from '../domain/errors.ts';

/** What such a route says of itself: bytes of its body at most, and bytes that it counts as while it is received. */
export interface LongBody {
  readonly largest: number;
  readonly held: number;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    longBody?: LongBody;
  }
}

const receiving = new WeakSet<Socket>();

/** Whether the time that a request may take to arrive is not this one's. */
export function takesItsTime(socket: Socket): boolean {
  return receiving.has(socket);
}

/** The parts of the body. Raises `request.malformed` where none came for `silenceMs`, `request.cancelled` where the caller is gone. */
export async function* arriving(
  raw: IncomingMessage,
  answer: ServerResponse,
  silenceMs: number,
): AsyncGenerator<Uint8Array> {
  receiving.add(raw.socket);
  answer.once('close', () => receiving.delete(raw.socket));
  const seconds = Math.round(silenceMs / 1000);
  const silent = new HangtagError(
    'request.malformed',
    `The body stood still for ${seconds} s; nothing of it is run.`,
  );
  // Not destroyed where reading ends early: the answer goes out by the same connection.
  const parts = raw.iterator({ destroyOnReturn: false });
  for (;;) {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(silent), silenceMs);
    });
    const next: Promise<IteratorResult<Uint8Array>> = parts.next();
    try {
      const part = await Promise.race([next, silence]);
      if (part.done) return;
      yield part.value;
    } catch (error) {
      next.catch(() => {});
      if (error instanceof HangtagError) throw error;
      throw new HangtagError('request.cancelled', 'The body broke off; nothing of it is run.', {
        cause: error,
      });
    } finally {
      clearTimeout(timer);
    }
  }
}
