/** Signs events as a shop does. */
import { createHmac } from 'node:crypto';

export const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const key = Buffer.from(secret.slice('whsec_'.length), 'base64');

export function signed(id: string, body: string): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}
