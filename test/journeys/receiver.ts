/** A subscriber's server on loopback: it remembers everything that came, and answers as it is told. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Received {
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly path: string;
  /** performance.now() */
  readonly at: number;
}

export interface Receiver {
  readonly origin: string;
  readonly got: Received[];
  /** Instead of 200. */
  answer: (response: ServerResponse, received: Received) => void;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const got: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const headers = request.headers as Record<string, string>;
    const body = Buffer.concat(chunks).toString('utf8');
    const received = {
      id: headers['webhook-id'] ?? '',
      headers,
      body,
      path: request.url ?? '',
      at: performance.now(),
    };
    got.push(received);
    receiver.answer(response, received);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    answer: (response) => void response.writeHead(200).end('ok'),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

export const status =
  (code: number, headers: Record<string, string> = {}): Receiver['answer'] =>
  (response) =>
    void response.writeHead(code, headers).end();

/** By the reference implementation: throws where the signature is not the secret's. Gives the event. */
export function verified(secret: string, { body, headers }: Received) {
  return new Webhook(secret).verify(body, headers) as {
    readonly id: string;
    readonly type: string;
    readonly data: { readonly productId: string; readonly revision: number };
  };
}
