/**
 * AWS Signature Version 4, worked out anew from a request as it arrived on the wire, so that a client's signature is
 * checked by something that shares no code with it. Shared by all stand-ins of AWS.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly region: string;
}

type Wrong = 'unsigned' | 'key' | 'scope' | 'time' | 'token' | 'header' | 'payload' | 'signature';

/** S3 has names of its own for what is wrong. */
const s3Codes: Readonly<Record<Wrong, string>> = {
  unsigned: 'AccessDenied',
  key: 'InvalidAccessKeyId',
  scope: 'AuthorizationHeaderMalformed',
  time: 'RequestTimeTooSkewed',
  token: 'InvalidToken',
  header: 'AccessDenied',
  payload: 'XAmzContentSHA256Mismatch',
  signature: 'SignatureDoesNotMatch',
};
/** CloudFormation's, and whatever else speaks AWS Query. */
const queryCodes: Readonly<Record<Wrong, string>> = {
  unsigned: 'MissingAuthenticationToken',
  key: 'InvalidClientTokenId',
  scope: 'SignatureDoesNotMatch',
  time: 'RequestExpired',
  token: 'InvalidClientTokenId',
  header: 'SignatureDoesNotMatch',
  payload: 'SignatureDoesNotMatch',
  signature: 'SignatureDoesNotMatch',
};
/** Services that speak JSON. */
const jsonCodes: Readonly<Record<Wrong, string>> = {
  unsigned: 'MissingAuthenticationTokenException',
  key: 'UnrecognizedClientException',
  scope: 'InvalidSignatureException',
  time: 'InvalidSignatureException',
  token: 'UnrecognizedClientException',
  header: 'InvalidSignatureException',
  payload: 'InvalidSignatureException',
  signature: 'InvalidSignatureException',
};
const codes: Readonly<Record<string, Readonly<Record<Wrong, string>>>> = {
  s3: s3Codes,
  cloudformation: queryCodes,
  sagemaker: jsonCodes,
};

export type SignedService = 's3' | 'cloudformation' | 'sagemaker';

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Uint8Array, text: string) => createHmac('sha256', key).update(text).digest();
const encode = (text: string) =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/**
 * The service's code for what is wrong with the signature; null if nothing is.
 * `unsignedPayload`: S3 takes a body whose hash the client does not name, over TLS alone.
 */
export function refusal(
  request: IncomingMessage,
  body: Uint8Array,
  service: SignedService,
  signer: Signer,
  { unsignedPayload = false } = {},
): string | null {
  const wrong = find(request, body, service, signer, unsignedPayload);
  return wrong === null ? null : codes[service]![wrong];
}

function find(
  request: IncomingMessage,
  body: Uint8Array,
  service: SignedService,
  signer: Signer,
  unsignedPayload: boolean,
): Wrong | null {
  const given =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? '',
    );
  if (!given) return 'unsigned';
  const [, credential = '', signedHeaders = '', signature = ''] = given;
  const [keyId, date = '', region = '', signedService = '', end] = credential.split('/');
  if (keyId !== signer.accessKeyId) return 'key';
  const time = header(request, 'x-amz-date');
  if (signedService !== service || end !== 'aws4_request' || !time.startsWith(date)) return 'scope';
  if (region !== signer.region) return 'scope';
  if (!(Math.abs(Date.now() - timeOf(time)) <= 15 * 60_000)) return 'time';
  if ((request.headers['x-amz-security-token'] ?? undefined) !== signer.sessionToken) return 'token';
  const names = signedHeaders.split(';');
  // Whatever is said in an amz header must be said under the signature.
  const mustSign = ['host', ...Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'))];
  if (mustSign.some((name) => !names.includes(name))) return 'header';
  // S3 alone demands the header; elsewhere the hash stands in the signature without it.
  const hash = sha256(body);
  const payload = header(request, 'x-amz-content-sha256') || (service === 's3' ? '' : hash);
  if (payload !== hash && !(unsignedPayload && payload === 'UNSIGNED-PAYLOAD')) return 'payload';

  const [path = '', query = ''] = (request.url ?? '').split('?');
  const canonical = [
    request.method,
    // All but S3 encode what is encoded already once more.
    service === 's3' ? path : path.split('/').map(encode).join('/'),
    query
      .split('&')
      .filter(Boolean)
      .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
      .sort()
      .join('&'),
    ...names.map((name) => `${name}:${header(request, name).trim().replace(/ +/g, ' ')}`),
    '',
    signedHeaders,
    payload,
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<string | Uint8Array>(
    (secret, part) => hmac(secret, part),
    `AWS4${signer.secretAccessKey}`,
  );
  const expected = hmac(key, toSign);
  return timingSafeEqual(expected, Buffer.from(signature, 'hex')) ? null : 'signature';
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}

/** `20261123T090000Z` as milliseconds since 1970. */
function timeOf(text: string): number {
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}
