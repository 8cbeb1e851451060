/**
 * A bucket on loopback for tests: as much of S3 as hangtag uses, strict where S3 is (signatures, payload hashes,
 * checksums, conditional writes), and able to fail in the ways in which S3 fails.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { refusal, type Signer } from '../../aws/sigv4.ts';

export interface StoredObject {
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly at: Date;
}

/** How one request goes wrong; `status` with S3's code in its XML. */
export type Failure =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly code: string;
      readonly headers?: HeadersOut;
      readonly more?: string;
    }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Sends headers and half of the body, then nothing more, or the end of the connection. */
  | { readonly kind: 'hang-in-body' | 'reset-in-body' }
  /** Ends the connection: before it reads the body, or having done what was asked. */
  | { readonly kind: 'reset' | 'reset-when-done' };
type HeadersOut = Readonly<Record<string, string>>;

export interface S3StandIn {
  readonly endpoint: string;
  readonly port: number;
  readonly bucket: string;
  readonly signer: Signer;
  readonly objects: Map<string, StoredObject>;
  /** `PUT key`, in order of arrival; those that failed by order too. */
  readonly requests: string[];
  /** Asked at each request; null for none. */
  fail: ((method: string, key: string, count: number) => Failure | null) | null;
  /** false: answers 501 to conditional writes, like many compatible servers. */
  conditional: boolean;
  close(): Promise<void>;
}

export const signer: Signer = {
  accessKeyId: 'AKIDSTANDIN',
  secretAccessKey: 'a-secret/that+nobody=logs',
  sessionToken: 'a-session-token-that-nobody-logs',
  region: 'eu-test-1',
};

/** `objects`: what an earlier one held. */
export async function startS3({
  bucket = 'originals',
  port = 0,
  objects = new Map<string, StoredObject>(),
} = {}): Promise<S3StandIn> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://s3');
    const [, asked = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
    const key = rest.join('/');
    const method = request.method ?? '';
    requests.push(`${method} ${key}`);
    const failure = world.fail?.(method, key, requests.length) ?? null;
    if (failure?.kind === 'reset') return void request.socket.destroy();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (failure?.kind === 'hang') return;
    if (failure?.kind === 'status')
      return refuse(failure.status, failure.code, failure.headers, failure.more);
    const wrong = refusal(request, body, 's3', signer);
    if (wrong === 'AuthorizationHeaderMalformed')
      return refuse(400, wrong, {}, `<Region>${signer.region}</Region>`);
    if (wrong) return refuse(wrong === 'XAmzContentSHA256Mismatch' ? 400 : 403, wrong, {}, leak(request));
    if (asked !== world.bucket) return refuse(404, 'NoSuchBucket');
    if (method === 'GET' && key === '') return list();
    const found = objects.get(key);

    if (method === 'PUT') {
      if (/aws-chunked/.test(request.headers['content-encoding'] ?? '')) return refuse(501, 'NotImplemented');
      const checksum = request.headers['x-amz-checksum-sha256'];
      if (checksum !== undefined && checksum !== createHash('sha256').update(body).digest('base64'))
        return refuse(400, 'BadDigest');
      if (request.headers['if-none-match'] !== undefined) {
        if (!world.conditional) return refuse(501, 'NotImplemented');
        if (found) return refuse(412, 'PreconditionFailed');
      }
      const contentType = request.headers['content-type'] ?? '';
      objects.set(key, { bytes: body, contentType, at: new Date() });
      if (failure?.kind === 'reset-when-done') return void request.socket.destroy();
      return void response.writeHead(200, { etag: '"x"' }).end();
    }
    if (method === 'DELETE') {
      objects.delete(key);
      return void response.writeHead(204).end();
    }
    if (!found) return refuse(404, 'NoSuchKey');
    const etag = `"${createHash('md5').update(found.bytes).digest('hex')}"`;
    if (method === 'GET' && request.headers['if-none-match'] === etag)
      return void response.writeHead(304, { etag }).end();
    response.writeHead(200, {
      etag,
      'content-length': String(found.bytes.byteLength),
      'content-type': found.contentType,
      'last-modified': found.at.toUTCString(),
    });
    if (method === 'HEAD') return void response.end();
    if (failure === null) return void response.end(found.bytes);
    response.write(found.bytes.subarray(0, found.bytes.byteLength / 2), () => {
      if (failure.kind === 'reset-in-body') request.socket.destroy();
    });

    function refuse(status: number, code: string, headers: HeadersOut = {}, more = ''): void {
      response.writeHead(status, {
        'content-type': 'application/xml',
        'x-amz-request-id': 'REQ1',
        ...headers,
      });
      response.end(
        method === 'HEAD'
          ? undefined
          : `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>Refused: ${code}.</Message>${more}</Error>`,
      );
    }

    function list(): void {
      const prefix = url.searchParams.get('prefix') ?? '';
      const limit = Number(url.searchParams.get('max-keys') ?? 1000);
      const token = url.searchParams.get('continuation-token');
      const after = token === null ? '' : Buffer.from(token, 'base64').toString();
      const all = [...objects.keys()].filter((name) => name.startsWith(prefix) && name > after).sort();
      const page = all.slice(0, limit);
      const contents = page.map((name) => {
        const { bytes, at } = objects.get(name)!;
        return `<Contents><Key>${encodeURIComponent(name).replaceAll('%2F', '/')}</Key><LastModified>${at.toISOString()}</LastModified><Size>${bytes.byteLength}</Size></Contents>`;
      });
      const truncated = all.length > limit;
      const next = truncated
        ? `<NextContinuationToken>${Buffer.from(page.at(-1)!).toString('base64')}</NextContinuationToken>`
        : '';
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.end(
        `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>${asked}</Name><EncodingType>url</EncodingType><IsTruncated>${truncated}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
      );
    }
  }

  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  const world: S3StandIn = {
    endpoint: `http://127.0.0.1:${address.port}`,
    port: address.port,
    bucket,
    signer,
    objects,
    requests,
    fail: null,
    conditional: true,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return world;
}

/** What S3 says to a refused signature: the request as it understood it, with its token. */
function leak(request: IncomingMessage): string {
  const token = request.headers['x-amz-security-token'];
  return `<AWSAccessKeyId>${signer.accessKeyId}</AWSAccessKeyId><StringToSign>x</StringToSign><CanonicalRequest>x-amz-security-token:${String(token)}</CanonicalRequest>`;
}
