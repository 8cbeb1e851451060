/** An image server on loopback, in a process of its own so that it takes no turn of the bench's: a small photo, another file under each name. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { asAnother, photo } from '../pictures.ts';
import { type Running, startServer } from '../process.ts';

const self = fileURLToPath(import.meta.url);

/** Pixels of the picture: what shops call a small rendition. */
export const side = 320;

export interface PicturesServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function startPictures(): Promise<PicturesServer> {
  const running: Running = await startServer(['--import', 'tsx', self]);
  return { url: running.url, close: () => running.stop() };
}

if (process.argv[1] === self) {
  const picture = await photo(side, side, 80);
  const server = createServer((request, response) => {
    const name = request.url ?? '/';
    const etag = `"${Buffer.from(name).toString('base64url').slice(0, 40)}"`;
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304, { etag }).end();
    const bytes = asAnother(picture, name);
    response
      .writeHead(200, { 'content-type': 'image/jpeg', 'content-length': bytes.length, etag })
      .end(bytes);
  });
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    process.stdout.write(`${JSON.stringify({ address: `http://127.0.0.1:${port}` })}\n`);
  });
  process.on('SIGTERM', () => process.exit(0));
}
