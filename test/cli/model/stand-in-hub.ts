/** A hub on loopback: small files from itself, large ones by a redirect to another address, as the real one does. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

const fixture = path.resolve(import.meta.dirname, '../../fixtures/onnx-clip/siglip');
export const commit = 'c0ffee0000000000000000000000000000000001';

/** A safetensors file: the scale and bias of a SigLIP between two tensors that nobody needs. */
function safetensors(logarithm: number, bias: number): Buffer {
  const table = Buffer.from(
    JSON.stringify({
      'text_model.weight': { dtype: 'F32', shape: [4], data_offsets: [0, 16] },
      logit_scale: { dtype: 'F32', shape: [1], data_offsets: [16, 20] },
      logit_bias: { dtype: 'F32', shape: [1], data_offsets: [20, 24] },
      'vision_model.weight': { dtype: 'F32', shape: [4], data_offsets: [24, 40] },
    }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(table.length));
  const data = Buffer.alloc(40);
  data.writeFloatLE(logarithm, 16);
  data.writeFloatLE(bias, 20);
  return Buffer.concat([length, table, data]);
}

export interface Seen {
  readonly place: 'hub' | 'store';
  readonly method: string;
  readonly url: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

export async function startHub() {
  const files = new Map<string, Buffer>();
  for (const name of ['config.json', 'preprocessor_config.json', 'tokenizer.json', 'tokenizer_config.json'])
    files.set(`Xenova/siglip-base-patch16-224/${name}`, readFileSync(path.join(fixture, name)));
  for (const name of ['onnx/vision_model.onnx', 'onnx/text_model.onnx'])
    files.set(`Xenova/siglip-base-patch16-224/${name}`, readFileSync(path.join(fixture, name)));
  files.set('google/siglip-base-patch16-224/model.safetensors', safetensors(Math.log(117.25), -12.5));
  const seen: Seen[] = [];
  const world = {
    files,
    seen,
    /** The next so many bodies of the store break off after this many bytes. */
    cuts: [] as number[],
    /** The next so many send this many bytes and then nothing more, without an end. */
    silent: [] as number[],
    honourRange: true,
    status: null as number | null,
    sayHash: true,
  };

  const note = (place: Seen['place'], request: IncomingMessage) => {
    const { range, authorization } = request.headers;
    seen.push({ place, method: request.method!, url: request.url!, range, authorization });
  };
  const send = (
    request: IncomingMessage,
    response: ServerResponse,
    content: Buffer,
    cut?: number,
    silent?: number,
  ) => {
    const asked = world.honourRange ? /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') : null;
    const from = asked ? Number(asked[1]) : 0;
    if (asked && from >= content.length) {
      response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
      return;
    }
    const to = asked?.[2] ? Math.min(Number(asked[2]), content.length - 1) : content.length - 1;
    const body = content.subarray(from, to + 1);
    response.writeHead(asked ? 206 : 200, {
      'content-length': body.length,
      ...(asked ? { 'content-range': `bytes ${from}-${to}/${content.length}` } : {}),
    });
    if (request.method === 'HEAD') response.end();
    else if (silent !== undefined) response.write(body.subarray(0, silent));
    else if (cut === undefined) response.end(body);
    else response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
  };

  const store = createServer((request, response) => {
    note('store', request);
    const content = files.get(decodeURIComponent(request.url!.slice(1)));
    if (!content) response.writeHead(404).end();
    else if (request.method !== 'GET') send(request, response, content);
    else send(request, response, content, world.cuts.shift(), world.silent.shift());
  });
  const hub = createServer((request, response) => {
    note('hub', request);
    if (world.status !== null) return void response.writeHead(world.status).end();
    const [, repository, , name] = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(request.url!) ?? [];
    const content = files.get(`${repository}/${name}`);
    response.setHeader('x-repo-commit', commit);
    if (!content) return void response.writeHead(404).end();
    if (!/\.(onnx|safetensors)$/.test(name!)) return send(request, response, content);
    const digest = createHash('sha256').update(content).digest('hex');
    const { port } = store.address() as AddressInfo;
    response
      .writeHead(302, {
        location: `http://127.0.0.1:${port}/${repository}/${name}`,
        'x-linked-size': content.length,
        ...(world.sayHash ? { 'x-linked-etag': `"${digest}"` } : {}),
      })
      .end();
  });
  for (const server of [store, hub])
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...world,
    world,
    endpoint: `http://127.0.0.1:${(hub.address() as AddressInfo).port}`,
    async close() {
      for (const server of [hub, store]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}
