/** Under what names originals are kept, the same in a folder and in a bucket: copying one to the other moves them. */

/** The only names that originals have: nothing else may become a path or an object key. */
export function checkedSha256(sha256: string): string {
  if (!isSha256(sha256)) throw new TypeError('Not a sha256 in lowercase hex.');
  return sha256;
}

export function isSha256(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** The first two hex digits: 256 folders, none of which grows too large. */
export function shardOf(sha256: string): string {
  return sha256.slice(0, 2);
}

/** Holds the name of the database whose originals these are. */
export const ownerName = 'owner';
