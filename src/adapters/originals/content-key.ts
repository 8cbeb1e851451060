/** The only names that originals have: nothing else may become a path or an object key. */
export function checkedSha256(sha256: string): string {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new TypeError('Not a sha256 in lowercase hex.');
  return sha256;
}
