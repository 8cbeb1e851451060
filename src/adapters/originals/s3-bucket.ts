/** The objects of one bucket, each call with its retries and deadlines. The only file that knows the AWS SDK. */
import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type Patience, patient, persist } from './s3-attempts.ts';
import { S3Fault } from './s3-fault.ts';

export interface S3BucketOptions {
  readonly bucket: string;
  /** A server that speaks S3, addressed by path; AWS unless told. */
  readonly endpoint?: string | undefined;
  /** These two as the SDK finds them (environment, profile, role of the machine), unless told. */
  readonly region?: string;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  readonly patience?: Patience;
}

export interface NewObject {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** Base64. S3 refuses other bytes than these. */
  readonly sha256: string;
  /** Refused with status 412 where the object exists. Not every server knows this: 501. */
  readonly onlyNew: boolean;
}

export interface ListedObject {
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly writtenAt: number;
}

/** Every call throws an `S3Fault`. */
export interface S3Bucket {
  /** Bytes; null where there is no such object. */
  size(key: string): Promise<number | null>;
  put(key: string, object: NewObject): Promise<void>;
  get(key: string, patience?: Patience): Promise<Buffer | null>;
  delete(key: string): Promise<void>;
  /** `from`: where the page before said that this one begins. */
  list(
    prefix: string,
    from: string | null,
    limit: number,
  ): Promise<{ readonly objects: readonly ListedObject[]; readonly next: string | null }>;
}

/** At most this many calls at a time; more wait for a connection. */
const connections = 64;

export function createS3Bucket(options: S3BucketOptions): S3Bucket {
  const { bucket: Bucket, endpoint, region, credentials, patience = patient } = options;
  const agent = { keepAlive: true, maxSockets: connections };
  const client = new S3Client({
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
    maxAttempts: 1,
    // Streams of checksums (aws-chunked) are stored as content by some servers; originals are checked by their name.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // The deadlines are `persist`'s: its signal ends the request and its socket.
    requestHandler: { connectionTimeout: 3_000, httpAgent: agent, httpsAgent: agent },
  });

  return {
    size: (Key) =>
      persist(patience, 'HeadObject', (abortSignal) =>
        client
          .send(new HeadObjectCommand({ Bucket, Key }), { abortSignal })
          .then(({ ContentLength }) => ContentLength ?? 0, absent),
      ),
    async put(Key, { bytes, contentType, sha256, onlyNew }) {
      const input = { Bucket, Key, Body: bytes, ContentType: contentType, ChecksumSHA256: sha256 };
      await persist(patience, 'PutObject', (abortSignal) =>
        client.send(new PutObjectCommand(onlyNew ? { ...input, IfNoneMatch: '*' } : input), { abortSignal }),
      );
    },
    get: (Key, hurry = patience) =>
      persist(hurry, 'GetObject', async (abortSignal) => {
        const found = await client.send(new GetObjectCommand({ Bucket, Key }), { abortSignal }).catch(absent);
        if (found === null) return null;
        // In Node the body is the response's own stream.
        return read(found.Body as unknown as Readable, found.ContentLength, abortSignal);
      }),
    async delete(Key) {
      await persist(patience, 'DeleteObject', (abortSignal) =>
        client.send(new DeleteObjectCommand({ Bucket, Key }), { abortSignal }).catch(absent),
      );
    },
    list: (Prefix, from, MaxKeys) =>
      persist(patience, 'ListObjectsV2', async (abortSignal) => {
        const page = await client.send(
          new ListObjectsV2Command({
            Bucket,
            Prefix,
            MaxKeys,
            // Keys of others may hold what XML cannot.
            EncodingType: 'url',
            ...(from === null ? {} : { ContinuationToken: from }),
          }),
          { abortSignal },
        );
        const objects = (page.Contents ?? []).flatMap(({ Key, LastModified }) =>
          Key && LastModified ? [{ key: Key, writtenAt: LastModified.getTime() }] : [],
        );
        return { objects, next: page.IsTruncated ? (page.NextContinuationToken ?? null) : null };
      }),
  };
}

/** The whole body, or a fault: the signal of the SDK's call no longer holds once the headers are there. */
async function read(body: Readable, length: number | undefined, signal: AbortSignal): Promise<Buffer> {
  const stop = () => body.destroy(signal.reason instanceof Error ? signal.reason : undefined);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk as Uint8Array);
    const bytes = Buffer.concat(chunks);
    if (length === undefined || bytes.byteLength === length) return bytes;
    const facts = { operation: 'GetObject', code: 'CutShort', status: null, requestId: null, region: null };
    throw new S3Fault(`GetObject gave ${bytes.byteLength} of ${length} bytes`, facts);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function absent(error: unknown): null {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  if ($metadata?.httpStatusCode === 404 && (name === 'NotFound' || name === 'NoSuchKey')) return null;
  throw error;
}
