/**
 * Standard Webhooks 1.0.0 (https://github.com/standard-webhooks/standard-webhooks): `id.timestamp.body` under a secret
 * of 24 to 64 bytes that is written `whsec_<base64>`, as `v1,<base64>`; several signatures stand in one header while a
 * secret is exchanged.
 */
import type { SignEvent, VerifySignature } from '../../application/ports-events.ts';
import { anyEqual, decodeSignature, hmac, single } from './compare.ts';

/** Seconds by which the sender's clock and the way may differ from ours, either way. */
const tolerance = 5 * 60;
/** Signatures in one header, at most: a sender has two secrets at a time, and each costs us a comparison. */
const mostSignatures = 16;

/** The key behind `whsec_<base64>`, or behind the base64 alone. Throws RangeError for anything else. */
export function readSecret(text: string): Buffer {
  const base64 = text.startsWith('whsec_') ? text.slice('whsec_'.length) : text;
  const key = Buffer.from(base64, 'base64');
  const rightly = key.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '');
  if (!rightly || key.byteLength < 24 || key.byteLength > 64)
    throw new RangeError('a webhook secret is whsec_ and 24 to 64 bytes in base64');
  return key;
}

/** `now`: milliseconds. Every secret is accepted, so that one can be exchanged for another. */
export function createStandardVerifier(secrets: readonly string[], now: () => number): VerifySignature {
  const keys = secrets.map(readSecret);
  return (headers, body) => {
    const id = single(headers, 'webhook-id');
    const timestamp = single(headers, 'webhook-timestamp');
    const signatures = single(headers, 'webhook-signature');
    if (id === null || timestamp === null || signatures === null) return { valid: false, why: 'unsigned' };
    // A dot would end the id early: `a.1` at 2 would be signed as `a` at `1.2`.
    if (!/^[\x21-\x2d\x2f-\x7e]{1,256}$/.test(id) || !/^[1-9]\d{0,11}$/.test(timestamp))
      return { valid: false, why: 'malformed' };
    const given = signatures
      .split(' ')
      .slice(0, mostSignatures)
      .flatMap((entry) => {
        const [version, base64 = ''] = entry.split(',');
        const bytes = version === 'v1' ? decodeSignature(base64) : null;
        return bytes ? [bytes] : [];
      });
    const wanted = keys.map((key) => hmac(key, `${id}.${timestamp}.`, body));
    if (!anyEqual(given, wanted)) return { valid: false, why: 'forged' };
    const seconds = Number(timestamp);
    if (Math.abs(now() / 1000 - seconds) > tolerance) return { valid: false, why: 'stale' };
    return { valid: true, eventId: id, signedAt: new Date(seconds * 1000).toISOString() };
  };
}

/** The first secret signs, and every other as well: whoever receives may know either. */
export function createStandardSigner(secrets: readonly string[]): SignEvent {
  const keys = secrets.map(readSecret);
  return (eventId, at, body) => {
    const timestamp = String(Math.floor(at.getTime() / 1000));
    const signatures = keys.map(
      (key) => `v1,${hmac(key, `${eventId}.${timestamp}.`, body).toString('base64')}`,
    );
    return {
      'webhook-id': eventId,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatures.join(' '),
    };
  };
}
