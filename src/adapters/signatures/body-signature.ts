/**
 * Shopify and WooCommerce sign the body alone, as base64 of HMAC-SHA256 under the secret as it is written. Neither topic
 * nor id nor time is covered: whoever replays a body can put any of them beside it, so none is believed by itself.
 *
 * https://shopify.dev/docs/apps/build/webhooks/subscribe/https
 * https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks
 */
import type { VerifySignature } from '../../application/ports-events.ts';
import { anyEqual, decodeSignature, hmac, single } from './compare.ts';

export interface BodySignature {
  /** Lower-case names. */
  readonly signature: string;
  readonly id: string;
}

export const shopifyHeaders: BodySignature = {
  signature: 'x-shopify-hmac-sha256',
  id: 'x-shopify-webhook-id',
};
export const wooHeaders: BodySignature = {
  signature: 'x-wc-webhook-signature',
  id: 'x-wc-webhook-delivery-id',
};

export function createBodyVerifier(names: BodySignature, secrets: readonly string[]): VerifySignature {
  if (secrets.length === 0 || secrets.some((secret) => secret === ''))
    throw new RangeError('a webhook secret is empty');
  return (headers, body) => {
    const text = single(headers, names.signature);
    if (text === null) return { valid: false, why: 'unsigned' };
    const given = decodeSignature(text);
    if (!given) return { valid: false, why: 'malformed' };
    const wanted = secrets.map((secret) => hmac(secret, body));
    if (!anyEqual([given], wanted)) return { valid: false, why: 'forged' };
    return { valid: true, eventId: single(headers, names.id), signedAt: null };
  };
}
