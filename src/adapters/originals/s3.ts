/**
 * Uploaded bytes in an S3 bucket: `<prefix>/<first two hex digits>/<sha256>`, the layout of the folder. An object is
 * there whole or not at all; the name is the hash of the content, so reading checks it.
 */
import { createHash } from 'node:crypto';
import type { Originals } from '../../application/ports-originals.ts';
import { HangtagError } from '../../domain/errors.ts';
import { checkedSha256, isSha256, ownerName, shardOf } from './content-key.ts';
import { contentTypeOf } from './content-type.ts';
import { patient } from './s3-attempts.ts';
import { createS3Bucket, type NewObject, type S3BucketOptions } from './s3-bucket.ts';
import { S3Fault, unavailable } from './s3-fault.ts';
import { keyIn, parseS3Place } from './s3-place.ts';
import { proveUsable } from './s3-start.ts';

export interface S3OriginalsOptions extends Omit<S3BucketOptions, 'bucket'> {
  /** `s3://bucket/prefix` */
  readonly url: string;
}

/** Milliseconds: a readiness check is asked for again soon and must not wait long. */
const readinessMs = 3_000;

/** Proves that the bucket can be used, then resolves. Throws `OriginalsUnusable`, naming the setting that is wrong. */
export async function createS3Originals({ url, ...options }: S3OriginalsOptions): Promise<Originals> {
  const place = parseS3Place(url);
  const bucket = createS3Bucket({ bucket: place.bucket, ...options });
  const { patience = patient, endpoint } = options;
  const impatient = { ...patience, attempts: 1, totalMs: Math.min(readinessMs, patience.totalMs) };
  await proveUsable(bucket, place, endpoint);

  const keyOf = (sha256: string) => keyIn(place, `${shardOf(checkedSha256(sha256))}/${sha256}`);
  const nameOf = new RegExp(`^${keyIn(place, '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}([0-9a-f]{2})/(.*)$`);
  const writing = new Map<string, Promise<void>>();
  /** Until the server says that it does not know conditional writes. */
  let conditional = true;

  /** Writes it unless it is there: false then. */
  async function putNew(key: string, object: Omit<NewObject, 'onlyNew'>): Promise<boolean> {
    try {
      await bucket.put(key, { ...object, onlyNew: conditional });
    } catch (error) {
      if (!(error instanceof S3Fault) || !conditional) throw error;
      if (error.status === 412) return false;
      if (error.status !== 501) throw error;
      conditional = false;
      await bucket.put(key, { ...object, onlyNew: false });
    }
    return true;
  }

  async function write(sha256: string, bytes: Uint8Array): Promise<void> {
    const key = keyOf(sha256);
    const size = await bucket.size(key).catch(refusedWithoutReason);
    if (size === bytes.byteLength) return;
    const object = {
      bytes,
      contentType: contentTypeOf(bytes),
      sha256: Buffer.from(sha256, 'hex').toString('base64'),
    };
    if (size === null) await putNew(key, object);
    else await bucket.put(key, { ...object, onlyNew: false });
  }

  return {
    async put(sha256, bytes) {
      checkedSha256(sha256);
      let work = writing.get(sha256);
      if (!work) {
        work = translating(() => write(sha256, bytes)).finally(() => writing.delete(sha256));
        writing.set(sha256, work);
      }
      await work;
    },
    async get(sha256) {
      const bytes = await translating(async () => bucket.get(keyOf(sha256)));
      if (bytes === null || createHash('sha256').update(bytes).digest('hex') === sha256) return bytes;
      throw new HangtagError('store.unavailable', 'An original image is damaged.', {
        cause: new Error(`the content of ${keyOf(sha256)} is not what its name says`),
      });
    },
    async delete(sha256) {
      // A write that is under way is not waited for: whoever stores tags learns of the removal, and the deadline holds.
      const key = keyOf(sha256);
      await translating(() => bucket.delete(key));
    },
    async list(from, limit) {
      const { objects, next } = await translating(() => bucket.list(keyIn(place, ''), from, limit));
      const items = objects.flatMap(({ key, writtenAt }) => {
        const [, shard = '', sha256 = ''] = nameOf.exec(key) ?? [];
        return isSha256(sha256) && shardOf(sha256) === shard ? [{ sha256, writtenAt }] : [];
      });
      return { items, next };
    },
    async own(owner) {
      const key = keyIn(place, ownerName);
      return translating(async () => {
        const standing = await bucket.get(key);
        if (standing !== null || owner === null) return standing?.toString('utf8').trim() ?? null;
        const bytes = Buffer.from(`${owner}\n`);
        const sha256 = createHash('sha256').update(bytes).digest('base64');
        await putNew(key, { bytes, contentType: 'text/plain', sha256 });
        return ((await bucket.get(key)) ?? bytes).toString('utf8').trim();
      });
    },
    async ping() {
      // A small read: unlike asking for the size, it tells a missing bucket from a missing object.
      await translating(() => bucket.get(keyIn(place, ownerName), impatient));
    },
  };
}

/** Answers to HEAD have no body and so no code: the write that follows is told why, if it is refused too. */
function refusedWithoutReason(error: unknown): null {
  if (error instanceof S3Fault && error.status !== null && error.status < 500) return null;
  throw error;
}

async function translating<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof S3Fault ? unavailable(error) : error;
  }
}
