/**
 * A shop around the service: it serves pictures, sends signed events until each is accepted, receives what the service
 * tells, and keeps account of what must stand in the end.
 */
import { createHash, createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';

export const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const photo = await readFile(path.resolve(import.meta.dirname, '../fixtures/images/tall.jpg'));

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

export interface Pictures {
  readonly url: string;
  /** Bytes that were sent, by path: how often a picture was really fetched. */
  readonly sent: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/** `/p/<name>.jpg`: a picture of that name's own, the same for ever, with an ETag. */
export async function startPictures(): Promise<Pictures> {
  const sent = new Map<string, number>();
  const server = createServer((request, response) => {
    const name = request.url ?? '/';
    const etag = `"${createHash('sha256').update(name).digest('hex').slice(0, 16)}"`;
    if (!name.startsWith('/p/')) return void response.writeHead(404).end();
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304, { etag }).end();
    sent.set(name, (sent.get(name) ?? 0) + 1);
    response
      .writeHead(200, { 'content-type': 'image/jpeg', etag })
      .end(Buffer.concat([photo, Buffer.from(name)]));
  });
  const url = await listen(server);
  return { url, sent, close: () => close(server) };
}

export interface Told {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly productId: string; readonly revision?: number; readonly tagSet?: unknown };
}

export interface Receiver {
  readonly url: string;
  /** By event id, as it came first. */
  readonly told: ReadonlyMap<string, Told>;
  /** What must never be: a bad signature, or one id with two bodies. */
  readonly wrongs: readonly string[];
  /** To be given the secret of the subscription. */
  trust(secret: string): void;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const told = new Map<string, Told>();
  const bodies = new Map<string, string>();
  const wrongs: string[] = [];
  let webhook: Webhook | null = null;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const id = String(request.headers['webhook-id']);
    try {
      webhook?.verify(body, request.headers as Record<string, string>);
    } catch (error) {
      wrongs.push(`${id}: ${error instanceof Error ? error.message : 'not verified'}`);
    }
    const before = bodies.get(id);
    if (before !== undefined && before !== body) wrongs.push(`${id} came with two bodies`);
    bodies.set(id, body);
    if (!told.has(id)) told.set(id, JSON.parse(body) as Told);
    response.writeHead(204).end();
  });
  const url = await listen(server);
  return {
    url: `${url}/told`,
    told,
    wrongs,
    trust(given) {
      webhook = new Webhook(given);
    },
    close: () => close(server),
  };
}

export interface ShopEvent {
  /** The sender's id: the same whenever it is sent again. */
  readonly id: string;
  readonly productId: string;
  /** Milliseconds: the event's own time. */
  readonly at: number;
  readonly body: string;
  /** What it says. */
  readonly title: string | null;
  readonly color: string | null;
  readonly deletes: boolean;
}

/** `at` in milliseconds since 1970; `color` a value of the taxonomy. */
export function upsert(
  productId: string,
  at: number,
  said: { readonly title: string; readonly color: string; readonly pictures?: readonly string[] },
): ShopEvent {
  const { title, color, pictures } = said;
  const data = {
    productId,
    title,
    ...(pictures ? { images: pictures.map((url) => ({ url })) } : {}),
    attributes: { color: [color] },
  };
  const body = JSON.stringify({ type: 'product.upserted', timestamp: new Date(at).toISOString(), data });
  return { id: idOf(body), productId, at, body, title, color, deletes: false };
}

export function deletion(productId: string, at: number): ShopEvent {
  const timestamp = new Date(at).toISOString();
  const body = JSON.stringify({ type: 'product.deleted', timestamp, data: { productId } });
  return { id: idOf(body), productId, at, body, title: null, color: null, deletes: true };
}

const idOf = (body: string) => `msg_${createHash('sha256').update(body).digest('hex').slice(0, 24)}`;

export function signedHeaders({ id, body }: Pick<ShopEvent, 'id' | 'body'>): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}

export interface Accepted {
  readonly eventId: string;
  readonly status: 'accepted' | 'duplicate';
}

/** Sends it until it is accepted, as shops do: lost connections and refusals are tried again, at any door. */
export async function deliver(
  event: ShopEvent,
  doors: () => readonly string[],
  refused: (status: number) => void = () => {},
): Promise<Accepted> {
  for (let attempt = 0; ; attempt++) {
    const urls = doors();
    const url = urls[attempt % Math.max(1, urls.length)];
    try {
      if (url === undefined) throw new TypeError('no door is open');
      const answer = await fetch(`${url}/webhooks/catalog`, {
        method: 'POST',
        headers: signedHeaders(event),
        body: event.body,
      });
      const text = await answer.text();
      if (answer.status === 202) return JSON.parse(text) as Accepted;
      // Anything else but "not now" would be a fault of ours.
      if (answer.status !== 503) throw new Error(`${answer.status}: ${text}`);
      refused(answer.status);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await sleep(50 + Math.min(attempt, 10) * 20);
  }
}

/** What must stand once all were worked: of each product the statements with the latest time; null where it is gone. */
export function outcome(events: readonly ShopEvent[]): ReadonlyMap<string, ShopEvent | null> {
  const latest = new Map<string, ShopEvent>();
  for (const event of events) {
    const before = latest.get(event.productId);
    if (!before || event.at > before.at) latest.set(event.productId, event);
  }
  return new Map([...latest].map(([id, event]) => [id, event.deletes ? null : event]));
}
