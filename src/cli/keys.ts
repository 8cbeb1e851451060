/** `keys create`: a new key, shown once, and the entry for API_KEYS. Nothing is written: the settings hold the digest alone. */
import { createHash, randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type ApiKeySetting, keyId, keyScopes } from '../config.ts';

export interface KeyRequest {
  readonly id: string;
  readonly scopes: ApiKeySetting['scopes'];
}

/** The request, or what is wrong with it in one sentence. Without `--name` the id is `key-` and eight random hex digits. */
export function parseKeyArguments(
  args: readonly string[],
  random: (bytes: number) => Buffer = randomBytes,
): KeyRequest | string {
  let values: { scopes?: string; name?: string };
  try {
    const options = { scopes: { type: 'string' }, name: { type: 'string' } } as const;
    ({ values } = parseArgs({ args: [...args], options, allowPositionals: false }));
  } catch (error) {
    return (error as Error).message;
  }
  const named = [...new Set((values.scopes ?? '').split('+'))];
  const scopes = keyScopes.filter((scope) => named.includes(scope));
  if (scopes.length < named.length) return `--scopes takes some of ${keyScopes.join(', ')}, joined by +.`;
  const id = values.name ?? `key-${random(4).toString('hex')}`;
  return keyId.test(id) ? { id, scopes } : '--name takes 1 to 32 of a-z, 0-9 and the hyphen.';
}

/** 24 random bytes: 192 bits, 32 letters of base64url. Beyond guessing, so that a fast digest of it is safe to keep. */
export function createKey(
  { id, scopes }: KeyRequest,
  print: (line: string) => void,
  random: (bytes: number) => Buffer = randomBytes,
): number {
  const secret = random(24).toString('base64url');
  const digest = createHash('sha256').update(secret).digest('hex');
  print(`The key, shown only this once. Callers send it as "Authorization: Bearer …" or "x-api-key: …":

  ht_${id}_${secret}

Add this to API_KEYS (comma-separated) and start hangtag again:

  ${id}:${scopes.join('+')}:${digest}`);
  return 0;
}
