/** S3, CloudFormation and SageMaker's runtime on loopback, for tests: every request's signature is recomputed. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { refusal, type Signer } from '../aws/sigv4.ts';
import { createFormation, type Formation, Refused } from './formation.ts';

export const account: Signer & { readonly sessionToken: string } = {
  accessKeyId: 'AKIDSTANDIN',
  secretAccessKey: 'a-secret/that+nobody=logs',
  sessionToken: 'a-session-token-that-nobody-logs',
  region: 'eu-test-1',
};

export interface StoredArtifact {
  readonly bytes: Buffer;
  readonly sha256: string;
  readonly kmsKey: string | null;
}

export interface Aws {
  readonly endpoint: string;
  readonly bucket: string;
  readonly objects: Map<string, StoredArtifact>;
  readonly formation: Formation;
  /** `PUT key`, `CreateChangeSet`, `invoke name`, in order of arrival. */
  readonly requests: string[];
  /** Where the bucket says it is. */
  bucketRegion: string;
  /** How many uploads are cut off half way. */
  cutUploads: number;
  /** What the container answers. */
  answer: (body: unknown) => { status: number; body: unknown };
  close(): Promise<void>;
}

export async function startAws(): Promise<Aws> {
  const objects = new Map<string, StoredArtifact>();
  const requests: string[] = [];
  const formation = createFormation((url) => objects.has(url.replace(`s3://${aws.bucket}/`, '')));
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    receive(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://aws');
    const runtime = /^\/endpoints\/([^/]+)\/invocations$/.exec(url.pathname);
    if (request.method === 'PUT' && aws.cutUploads > 0) {
      aws.cutUploads--;
      requests.push('PUT cut off');
      request.once('data', () => request.socket.destroy());
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (runtime) return invoke(decodeURIComponent(runtime[1]!), request, body, response);
    if (request.method === 'POST') return askFormation(request, body, response);
    return askS3(url, request, body, response);
  }

  async function askS3(
    url: URL,
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): Promise<void> {
    const [, bucket = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
    const key = rest.join('/');
    const method = request.method ?? '';
    requests.push(`${method} ${key || bucket}`);
    const refuse = (status: number, code: string, headers: Record<string, string> = {}) => {
      response.writeHead(status, { 'content-type': 'application/xml', ...headers });
      const leak = String(request.headers['x-amz-security-token']);
      const text = `<Error><Code>${code}</Code><Message>Refused.</Message><CanonicalRequest>${leak}</CanonicalRequest></Error>`;
      response.end(method === 'HEAD' ? undefined : text);
    };
    const wrong = refusal(request, body, 's3', account, { unsignedPayload: true });
    if (wrong) return refuse(403, wrong);
    if (bucket !== aws.bucket) return refuse(404, 'NoSuchBucket');
    if (aws.bucketRegion !== account.region)
      return refuse(301, 'PermanentRedirect', { 'x-amz-bucket-region': aws.bucketRegion });
    if (key === '') return void response.writeHead(200, { 'x-amz-bucket-region': account.region }).end();
    if (method === 'PUT') {
      const sha256 = createHash('sha256').update(body).digest('base64');
      if (request.headers['x-amz-checksum-sha256'] !== sha256) return refuse(400, 'BadDigest');
      const kmsKey = request.headers['x-amz-server-side-encryption-aws-kms-key-id'];
      objects.set(key, { bytes: body, sha256, kmsKey: kmsKey === undefined ? null : String(kmsKey) });
      return void response.writeHead(200, { etag: '"x"' }).end();
    }
    const found = objects.get(key);
    if (!found || method !== 'HEAD') return refuse(404, 'NoSuchKey');
    const asked = request.headers['x-amz-checksum-mode'] === 'ENABLED';
    response.writeHead(200, {
      'content-length': String(found.bytes.byteLength),
      ...(asked ? { 'x-amz-checksum-sha256': found.sha256 } : {}),
    });
    response.end();
  }

  async function askFormation(
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): Promise<void> {
    const fields = Object.fromEntries(new URLSearchParams(body.toString()));
    const action = fields.Action ?? '';
    requests.push(action);
    const write = (status: number, xml: string) => {
      response.writeHead(status, { 'content-type': 'text/xml' }).end(xml);
    };
    const refuse = (status: number, code: string, message: string) =>
      write(
        status,
        `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${escaped(message)}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
      );
    const wrong = refusal(request, body, 'cloudformation', account);
    if (wrong) return refuse(403, wrong, 'The security token included in the request is invalid.');
    if (fields.Version !== '2010-05-15') return refuse(400, 'ValidationError', 'Version');
    try {
      const result = toXml(`${action}Result`, formation.call(action, fields));
      write(200, `<${action}Response>${result}<ResponseMetadata/></${action}Response>`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refuse(400, error.code, error.message);
    }
  }

  async function invoke(
    name: string,
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): Promise<void> {
    requests.push(`invoke ${name}`);
    const answer = (status: number, type: string | null, content: unknown) => {
      response.writeHead(status, {
        'content-type': 'application/json',
        ...(type ? { 'x-amzn-errortype': type } : {}),
      });
      response.end(typeof content === 'string' ? content : JSON.stringify(content));
    };
    const wrong = refusal(request, body, 'sagemaker', account);
    if (wrong) return answer(403, wrong, { message: 'The signature is not accepted.' });
    const stands = formation.stacks.some(
      ({ status, resources }) =>
        /^(CREATE|UPDATE)/.test(status) &&
        resources.some(
          ({ type, properties }) => type.endsWith('::Endpoint') && properties.EndpointName === name,
        ),
    );
    if (!stands) return answer(400, 'ValidationError', { message: `Endpoint ${name} of account not found.` });
    if (request.headers['content-type'] !== 'application/json')
      return answer(415, 'ModelError', { Message: 'content type' });
    const given = aws.answer(JSON.parse(body.toString()));
    if (given.status === 200) return answer(200, null, given.body);
    answer(424, 'ModelError', { OriginalStatusCode: given.status, OriginalMessage: given.body });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const aws: Aws = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bucket: 'artifacts',
    objects,
    formation,
    requests,
    bucketRegion: account.region,
    cutUploads: 0,
    answer: () => ({ status: 500, body: 'no answer was set' }),
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return aws;
}

function toXml(name: string, value: unknown): string {
  if (Array.isArray(value))
    return `<${name}>${value.map((entry) => toXml('member', entry)).join('')}</${name}>`;
  if (typeof value === 'object' && value !== null)
    return `<${name}>${Object.entries(value)
      .map(([key, entry]) => toXml(key, entry))
      .join('')}</${name}>`;
  return `<${name}>${escaped(String(value))}</${name}>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
