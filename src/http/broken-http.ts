/** What never became a request (garbage, headers too large, a body that did not arrive in time) gets one answer and no connection. */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { HangtagError } from '../domain/errors.ts';
import { dataHeaders } from './browser-headers.ts';
import { problem, statusOf } from './error-response.ts';
import { takesItsTime } from './long-body.ts';

const details: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'The headers are too large.',
  ERR_HTTP_REQUEST_TIMEOUT: 'The request did not arrive in time.',
};

/** Node hands over the bare socket here, and leaves closing it to us. */
export function answerBrokenHttp(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && takesItsTime(socket)) return;
  // As Node's own handler does: a second answer after the first would be noise.
  const { _httpMessage: answer } = socket as Socket & { _httpMessage?: { headersSent?: boolean } };
  if (socket.writable && error.code !== 'ECONNRESET' && !answer?.headersSent) {
    const detail = details[error.code ?? ''] ?? 'This is not a well-formed HTTP request.';
    const fault = new HangtagError('request.malformed', detail);
    const id = randomUUID();
    const body = JSON.stringify(problem(fault, statusOf[fault.code], id));
    const head = [
      `HTTP/1.1 ${statusOf[fault.code]} Bad Request`,
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${id}`,
      ...Object.entries(dataHeaders).map(([name, value]) => `${name}: ${value}`),
      'connection: close',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
  // Ending alone would wait for the other side to end too, which it may never do.
  socket.destroySoon();
}

/**
 * Two things that Node refuses by itself, with neither a body nor a request id: HTTP/1.1 without a Host, which gets our
 * words here, and an `Expect` that nobody knows, which a server may as well ignore. Needs `requireHostHeader: false`.
 */
export function refuseInOurWords(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw }, reply) => {
    if (raw.httpVersion !== '1.1' || raw.headers.host !== undefined) return;
    reply.header('connection', 'close');
    throw new HangtagError('request.malformed', 'A request of HTTP/1.1 needs a Host header.');
  });
  app.server.on('checkExpectation', (request, response) => app.routing(request, response));
}
