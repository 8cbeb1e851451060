/** `s3://bucket/prefix`, taken apart. */

export interface S3Place {
  readonly bucket: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string;
}

/** Throws a TypeError for anything that `config.ts` would not let through. */
export function parseS3Place(url: string): S3Place {
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(url) ?? [];
  if (!bucket) throw new TypeError('Not an s3:// address.');
  return { bucket, prefix: prefix.replace(/^\/+|\/+$/g, '') };
}

export function keyIn({ prefix }: S3Place, name: string): string {
  return prefix === '' ? name : `${prefix}/${name}`;
}

export function describePlace({ bucket, prefix }: S3Place): string {
  return `s3://${bucket}/${prefix}`;
}
