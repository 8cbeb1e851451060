/**
 * Before the service listens: does the bucket take, give, list and give up an object under the prefix? What is wrong is
 * said in one line that names the setting. An original is never touched.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { S3Bucket } from './s3-bucket.ts';
import { S3Fault } from './s3-fault.ts';
import { describePlace, keyIn, type S3Place } from './s3-place.ts';

/** The start ends with these lines and without a stack. */
export class OriginalsUnusable extends Error {
  readonly problems: readonly string[];
  constructor(problem: string, cause?: unknown) {
    super(problem, { cause });
    this.name = 'OriginalsUnusable';
    this.problems = [problem];
  }
}

export async function proveUsable(
  bucket: S3Bucket,
  place: S3Place,
  endpoint: string | undefined,
): Promise<void> {
  const bytes = Buffer.from('hangtag asks whether it may keep originals here\n');
  const sha256 = createHash('sha256').update(bytes).digest('base64');
  const key = keyIn(place, `probe-${randomUUID()}`);
  try {
    await bucket.put(key, { bytes, contentType: 'text/plain', sha256, onlyNew: false });
    const back = await bucket.get(key);
    await bucket.list(keyIn(place, ''), null, 1);
    await bucket.delete(key);
    if (back === null || !bytes.equals(back)) {
      throw new OriginalsUnusable(
        `IMAGE_STORE: ${describePlace(place)} gives back other bytes than it was given.`,
      );
    }
  } catch (error) {
    if (!(error instanceof S3Fault)) throw error;
    throw new OriginalsUnusable(line(error, place, endpoint), error);
  }
}

const permission: Readonly<Record<string, string>> = {
  PutObject: 's3:PutObject',
  GetObject: 's3:GetObject',
  ListObjectsV2: 's3:ListBucket',
  DeleteObject: 's3:DeleteObject',
};

const credentialCodes =
  /^(CredentialsProviderError|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|ExpiredToken|TokenRefreshRequired|.*UnauthorizedException)$/;

function line(
  { operation, code, status, region, message }: S3Fault,
  place: S3Place,
  endpoint?: string,
): string {
  const where = describePlace(place);
  if (code === 'RegionMissing') {
    return 'AWS_REGION: is not set to a region, and no AWS profile names one. Servers other than AWS mostly take us-east-1.';
  }
  if (code === 'NoSuchBucket' || code === 'InvalidBucketName') {
    return `IMAGE_STORE: there is no bucket "${place.bucket}"${endpoint ? ` at ${endpoint}` : ''}. hangtag does not create it.`;
  }
  if (status === 301 || status === 307 || region !== null || code === 'PermanentRedirect') {
    return `AWS_REGION: the bucket "${place.bucket}" of IMAGE_STORE is ${region ? `in ${region}` : 'in another region'}.`;
  }
  if (credentialCodes.test(code)) {
    return `IMAGE_STORE: ${where} does not accept the AWS credentials, or there are none (${code}).`;
  }
  if (code === 'RequestTimeTooSkewed') {
    return `IMAGE_STORE: ${where} refuses requests because this machine's clock is wrong.`;
  }
  if (status === 401 || status === 403) {
    const missing = permission[operation] ?? operation;
    return `IMAGE_STORE: ${missing} is not allowed on ${where} (${code}); docs/originals.md has the policy that is needed.`;
  }
  if (status === null) {
    return `${endpoint ? 'S3_ENDPOINT' : 'IMAGE_STORE'}: ${endpoint ?? 'S3'} does not answer (${message}).`;
  }
  return `IMAGE_STORE: ${where} cannot be used (${message}).`;
}
