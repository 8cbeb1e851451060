/** AWS's Signature Version 4, recomputed from the request as it arrived: what a service would refuse is refused here. */
import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface Account {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly region: string;
}

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
const encode = (text: string) =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** null: signed as it must be. Else AWS's code for what is wrong. */
export function refusal(
  request: IncomingMessage,
  body: Buffer,
  service: string,
  account: Account,
): string | null {
  const authorization = request.headers.authorization ?? '';
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  if (!parts) return 'MissingAuthenticationToken';
  const [, id, day, region, signedService, signedHeaders = '', signature] = parts;
  if (id !== account.accessKeyId) return 'InvalidClientTokenId';
  if (request.headers['x-amz-security-token'] !== account.sessionToken) return 'InvalidClientTokenId';
  const at = String(request.headers['x-amz-date'] ?? '');
  const time = Date.parse(at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!at.startsWith(day!) || !(Math.abs(Date.now() - time) < 15 * 60_000)) return 'RequestExpired';
  if (region !== account.region || signedService !== service) return 'SignatureDoesNotMatch';
  const names = signedHeaders.split(';');
  const must = ['host', 'x-amz-date', 'x-amz-security-token'];
  // Whatever is said in an amz header must be said under the signature.
  const said = Object.keys(request.headers).filter((name) => /^x-amz-(?!user-agent)/.test(name));
  if ([...must, ...said].some((name) => !names.includes(name))) return 'SignatureDoesNotMatch';

  const claimed = String(request.headers['x-amz-content-sha256'] ?? sha256(body));
  if (service !== 's3' && claimed !== sha256(body)) return 'SignatureDoesNotMatch';
  if (service === 's3' && claimed !== 'UNSIGNED-PAYLOAD' && claimed !== sha256(body))
    return 'XAmzContentSHA256Mismatch';

  const url = new URL(request.url ?? '', 'http://aws');
  const pathname = service === 's3' ? url.pathname : url.pathname.split('/').map(encode).join('/');
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const headers = names.map(
    (name) =>
      `${name}:${String(request.headers[name] ?? '')
        .trim()
        .replaceAll(/ +/g, ' ')}\n`,
  );
  const canonical = [request.method, pathname, query, headers.join(''), signedHeaders, claimed].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', at, scope, sha256(canonical)].join('\n');
  const key = [region!, service, 'aws4_request'].reduce(hmac, hmac(`AWS4${account.secretAccessKey}`, day!));
  return hmac(key, toSign).toString('hex') === signature ? null : 'SignatureDoesNotMatch';
}
