/** Signs most of what is sent as a shop's event, so that what is behind the signature is tried too. */
import { createHash, createHmac } from 'node:crypto';
import type { Sent } from './requests.ts';

const key = Buffer.alloc(32, 3);
/** For the service behind the doors. */
export const senderSecrets = {
  WEBHOOK_SECRET_CATALOG: `whsec_${key.toString('base64')}`,
  WEBHOOK_SECRET_SHOPIFY: 'shopify-secret',
  WEBHOOK_SECRET_WOOCOMMERCE: 'woocommerce-secret',
};

/** Three of four, by their bytes, so that the same request is always the same. */
export function mostlySigned(sent: Sent): Sent {
  return digestOf(sent)[0]! < 64 ? sent : signedEvent(sent);
}

/** What is no event stays as it is. */
export function signedEvent(sent: Sent): Sent {
  const sender = /^\/webhooks\/(catalog|shopify|woocommerce)(?:\?|$)/.exec(sent.url)?.[1];
  if (!sender) return sent;
  const signed = signature(sender, sent.body ?? Buffer.alloc(0), digestOf(sent).toString('hex'));
  return { ...sent, headers: { ...sent.headers, ...signed } };
}

function digestOf({ url, body }: Sent): Buffer {
  return createHash('sha256')
    .update(url)
    .update(body ?? '')
    .digest();
}

function signature(sender: string, body: Buffer, id: string): Record<string, string> {
  if (sender === 'catalog') {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signed = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
    return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signed}` };
  }
  if (sender === 'shopify') return { 'x-shopify-hmac-sha256': bodyAlone('shopify-secret', body) };
  return { 'x-wc-webhook-signature': bodyAlone('woocommerce-secret', body) };
}

function bodyAlone(secret: string, body: Buffer): string {
  return createHmac('sha256', secret).update(body).digest('base64');
}
