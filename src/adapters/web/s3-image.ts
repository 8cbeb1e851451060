/**
 * Pictures in buckets, `s3://bucket/key`, below the prefixes that the settings allow and nowhere else. The SDK is loaded with the
 * first of them: that takes a while.
 */
import type { Readable } from 'node:stream';
import type { FetchImage, Validators } from '../../application/ports-web.ts';
import { HangtagError } from '../../domain/errors.ts';
import { refused, unavailable } from './fetch-faults.ts';
import { readBody } from './read-body.ts';
import { until } from './until.ts';

export interface S3ImagesOptions {
  /** `s3://bucket/` or `s3://bucket/prefix/`: whole folders. */
  readonly allowPrefixes: readonly string[];
  /** A server that speaks S3, addressed by path; AWS unless told. */
  readonly endpoint?: string | undefined;
  /** Milliseconds for one picture; 30 s unless told. */
  readonly totalMs?: number;
  /** Bytes; 20 MiB unless told. */
  readonly maxBytes?: number;
}

export function createS3Images(options: S3ImagesOptions): {
  readonly fetchImage: FetchImage;
  /** Any object below the prefixes, as it arrives, however long it is. Refuses as `fetchImage` does. */
  openObject(uri: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
} {
  const { allowPrefixes, endpoint, totalMs = 30_000, maxBytes = 20 * 2 ** 20 } = options;
  let opened: ReturnType<typeof open> | null = null;

  async function open() {
    const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
    const client = new S3Client({
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
      maxAttempts: 1,
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: 3_000 },
    });
    return {
      get: (place: Place, known: Validators | null, abortSignal: AbortSignal) =>
        client.send(new GetObjectCommand({ ...place, ...(known?.etag ? { IfNoneMatch: known.etag } : {}) }), {
          abortSignal,
        }),
      close: () => client.destroy(),
    };
  }

  return {
    async fetchImage(reference, known, signal) {
      if (reference.kind !== 's3') throw new TypeError('not a picture in a bucket');
      const place = placeOf(reference.uri, allowPrefixes);
      opened ??= open();
      const { get } = await opened;
      try {
        return await until(totalMs, signal, async (over) => {
          const answer = await get(place, known, over);
          const validators = { etag: answer.ETag ?? null, lastModified: null };
          const body = answer.Body as Readable;
          try {
            const bytes = await readBody(body, answer.ContentLength ?? Number.NaN, maxBytes);
            return { changed: true, bytes, validators };
          } finally {
            body.on('error', () => {}).destroy();
          }
        });
      } catch (error) {
        if (statusOf(error) === 304 && known) return { changed: false };
        throw faultOf(error);
      }
    },
    async *openObject(uri, signal) {
      const place = placeOf(uri, allowPrefixes);
      opened ??= open();
      const { get } = await opened;
      try {
        const answer = await get(place, null, signal);
        const body = answer.Body as Readable;
        try {
          for await (const chunk of body) yield chunk as Uint8Array;
        } finally {
          body.on('error', () => {}).destroy();
        }
      } catch (error) {
        throw faultOf(error);
      }
    },
    async close() {
      if (opened) (await opened).close();
    },
  };
}

interface Place {
  readonly Bucket: string;
  readonly Key: string;
}

/** Prefixes end with a slash, so that a whole folder is allowed and not what merely begins like it. */
function placeOf(uri: string, allowed: readonly string[]): Place {
  const parts = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.{1,1024})$/s.exec(uri);
  if (!parts) throw refused('It is not s3://bucket/key.');
  if (allowed.length === 0) throw refused('No bucket is read: S3_ALLOW_PREFIXES is not set.');
  const [, Bucket = '', Key = ''] = parts;
  // Some servers walk up such a path.
  const odd = Key.split('/').some((segment) => segment === '.' || segment === '..');
  if (odd || !allowed.some((prefix) => uri.startsWith(prefix) && uri.length > prefix.length))
    throw refused('It lies below none of S3_ALLOW_PREFIXES.');
  return { Bucket, Key };
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } })?.$metadata?.httpStatusCode;
}

function faultOf(error: unknown): HangtagError {
  if (error instanceof HangtagError) return error;
  const name = error instanceof Error ? error.name : '';
  const status = statusOf(error);
  if (name === 'CredentialsProviderError' || status === 401 || status === 403)
    return new HangtagError('image.fetch_refused', 'The bucket refuses this service.', { cause: error });
  if (name === 'NoSuchKey' || name === 'NoSuchBucket' || status === 404)
    return new HangtagError('image.fetch_failed', 'There is no such object.', { cause: error });
  if (status !== undefined && status >= 300 && status < 500 && status !== 408 && status !== 429)
    return new HangtagError('image.fetch_failed', `The bucket answered with ${status}.`, { cause: error });
  return unavailable('The bucket cannot be read right now.', null, error);
}
