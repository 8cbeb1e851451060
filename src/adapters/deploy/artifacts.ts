/** Packed folders in S3. An upload is whole or not there; an interrupted one is begun anew. */
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { HeadBucketCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { type Artifacts, DeployFault, type PackedFolder } from '../../application/ports-deploy.ts';
import { codeOf, explain, isPassing, type SdkError, statusOf } from './aws-fault.ts';

const attempts = 4;
const pieceBytes = 64 * 1024;

/** `retryMs`: before the second attempt; twice as long before each further one. */
export function createArtifacts(client: S3Client, stop: AbortSignal, retryMs = 1000): Artifacts {
  const options = { abortSignal: stop };
  return {
    async region(bucket) {
      try {
        const { BucketRegion } = await client.send(new HeadBucketCommand({ Bucket: bucket }), options);
        return BucketRegion ?? null;
      } catch (error) {
        const status = statusOf(error as SdkError);
        const home = (error as SdkError).$response?.headers?.['x-amz-bucket-region'];
        if (status === 301 && home) return home;
        if (status === 404)
          throw new DeployFault(
            `There is no bucket ${bucket}. Make it in the endpoint's region: aws s3 mb s3://${bucket}`,
            { nothingBegun: true },
          );
        if (status === 403)
          throw new DeployFault(
            `These credentials may not use the bucket ${bucket}, or AWS does not accept them at all.\ndeploy/README.md lists the permissions.`,
            { nothingBegun: true },
          );
        throw explain('HeadBucket', error);
      }
    },
    async holds({ bucket: Bucket, key: Key }, packed) {
      try {
        const found = await client.send(
          new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }),
          options,
        );
        return found.ContentLength === packed.bytes.byteLength && found.ChecksumSHA256 === base64(packed);
      } catch (error) {
        if (statusOf(error as SdkError) === 404) return false;
        throw explain('HeadObject', error);
      }
    },
    async put({ bucket: Bucket, key: Key, kmsKey }, packed, onSent) {
      for (let attempt = 1; ; attempt++) {
        try {
          const command = new PutObjectCommand({
            Bucket,
            Key,
            Body: pieces(packed.bytes, onSent),
            ContentLength: packed.bytes.byteLength,
            ContentType: 'application/gzip',
            // S3 keeps nothing whose bytes are others.
            ChecksumSHA256: base64(packed),
            ...(kmsKey === null ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKey }),
          });
          await client.send(command, options);
          return;
        } catch (error) {
          if (stop.aborted || attempt === attempts || !isPassing(error)) throw interrupted(error, attempt);
          await wait(retryMs * 2 ** (attempt - 1), undefined, { signal: stop });
        }
      }
    },
  };
}

function interrupted(error: unknown, attempt: number): DeployFault {
  if (!isPassing(error)) return explain('PutObject', error);
  const code = codeOf(error as SdkError);
  return new DeployFault(
    `The upload was interrupted ${attempt} times (${code}), and nothing was deployed. Run the same command again.`,
  );
}

function base64({ sha256 }: PackedFolder): string {
  return Buffer.from(sha256, 'hex').toString('base64');
}

function pieces(bytes: Uint8Array, onSent: (bytes: number) => void): Readable {
  function* cut(): Generator<Uint8Array> {
    for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
      onSent(at);
      yield bytes.subarray(at, at + pieceBytes);
    }
    onSent(bytes.byteLength);
  }
  return Readable.from(cut(), { objectMode: false });
}
