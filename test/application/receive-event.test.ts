/** What comes in: verified, read, accepted together, counted. */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  createBodyVerifier,
  shopifyHeaders,
  wooHeaders,
} from '../../src/adapters/signatures/body-signature.ts';
import {
  createStandardSigner,
  createStandardVerifier,
} from '../../src/adapters/signatures/standard-webhooks.ts';
import { groupArrivals } from '../../src/application/group-arrivals.ts';
import type { IncomingEvent } from '../../src/application/ports-catalog.ts';
import { createReceiveEvent } from '../../src/application/receive-event.ts';
import { HangtagError } from '../../src/domain/errors.ts';
import { taxonomy } from '../domain/tagging/small-world.ts';

const secret = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;
const now = '2026-11-24T12:00:00.000Z';

function door() {
  const accepted: IncomingEvent[] = [];
  const counted: string[] = [];
  const receive = createReceiveEvent({
    taxonomy: () => taxonomy,
    received: {
      async accept(events) {
        accepted.push(...events);
        return events.map(({ operationId }) => ({ operationId, status: 'accepted' }));
      },
      forget: async () => 0,
    },
    queue: { notify() {} },
    verifiers: {
      catalog: createStandardVerifier([secret], () => Date.parse(now)),
      shopify: createBodyVerifier(shopifyHeaders, ['hush']),
      woocommerce: createBodyVerifier(wooHeaders, ['hush']),
    },
    merchantFields: { shopify: 'color', woocommerce: 'color' },
    count: (source, outcome) => counted.push(`${source} ${outcome}`),
    hash: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    clock: () => now,
    newId: randomUUID,
  });
  const bytes = (body: unknown) => new TextEncoder().encode(JSON.stringify(body));
  return {
    accepted,
    counted,
    catalog(body: unknown, id = 'evt_1') {
      const content = bytes(body);
      return receive('catalog', createStandardSigner([secret])(id, new Date(now), content), content);
    },
    shop(sender: 'shopify' | 'woocommerce', body: unknown, more: Record<string, string>) {
      const content = bytes(body);
      const [name] = sender === 'shopify' ? ['x-shopify-hmac-sha256'] : ['x-wc-webhook-signature'];
      const signature = createHmac('sha256', 'hush').update(content).digest('base64');
      return receive(sender, { [name!]: signature, ...more }, content);
    },
  };
}
const said = (timestamp: string) => ({ type: 'product.upserted', timestamp, data: { productId: 'p' } });

describe('an event that comes in', () => {
  test('keeps its id and its own time; nobody speaks from the future', async () => {
    const { accepted, catalog } = door();
    const receipt = await catalog(said('2026-11-24T11:00:00Z'));
    expect(receipt).toEqual({ eventId: accepted[0]?.operationId, status: 'accepted' });
    await catalog(said('2027-11-24T11:00:00Z'), 'evt_2');
    expect(accepted.map(({ eventId, event }) => [eventId, event.at])).toEqual([
      ['evt_1', '2026-11-24T11:00:00.000Z'],
      ['evt_2', now],
    ]);
  });

  test('of WooCommerce is known by its body alone; the host is the site’s', async () => {
    const { accepted, shop } = door();
    const headers = {
      'x-wc-webhook-topic': 'product.deleted',
      'x-wc-webhook-delivery-id': 'one a second',
      'x-wc-webhook-source': 'https://Shop.example:8443/de/',
    };
    await shop('woocommerce', { id: 42 }, headers);
    expect(accepted[0]).toMatchObject({
      eventId: null,
      event: { productId: 'woocommerce:shop.example:8443:42' },
    });
    await expect(
      shop('woocommerce', { id: 42 }, { ...headers, 'x-wc-webhook-source': 'javascript:x' }),
    ).rejects.toMatchObject({ code: 'event.malformed' });
  });

  test('is counted by what became of it', async () => {
    const { counted, catalog, shop } = door();
    await catalog({ type: 'order.paid' });
    await catalog(said('yesterday')).catch(() => {});
    await shop('shopify', { id: 1 }, { 'x-shopify-topic': 'products/delete' });
    await shop('shopify', { id: 1 }, { 'x-shopify-topic': 'products/update' }).catch(() => {});
    await shop('shopify', { id: 1 }, { 'x-shopify-hmac-sha256': 'x' }).catch(() => {});
    expect(counted).toEqual([
      'catalog ignored',
      'catalog refused',
      'shopify accepted',
      'shopify refused',
      'shopify refused',
    ]);
  });
});

describe('arrivals in groups', () => {
  const later = () => new Promise<void>((resolve) => setTimeout(resolve, 5));

  test('those that come while one is on its way go together', async () => {
    const groups: number[] = [];
    const take = groupArrivals<number, number>({
      longestWait: 10_000,
      async take(items) {
        groups.push(items.length);
        await later();
        return items.map((item) => item * 2);
      },
    });
    const first = take(1);
    await new Promise((resolve) => setTimeout(resolve, 2));
    expect(await Promise.all([first, take(2), take(3), take(4)])).toEqual([2, 4, 6, 8]);
    expect(groups).toHaveLength(2);
  });

  test('one that a group fails with fails alone; where nothing can be taken, nothing is tried twice', async () => {
    let calls = 0;
    const picky = groupArrivals<number, number>({
      async take(items) {
        calls++;
        if (items.includes(13)) throw new RangeError('not this one');
        return items;
      },
    });
    const results = await Promise.allSettled([picky(1), picky(13), picky(2)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(calls).toBe(4);
    const away = groupArrivals<number, number>({
      async take() {
        calls++;
        throw new HangtagError('store.unavailable', 'away');
      },
    });
    const refused = await Promise.allSettled([away(1), away(2)]);
    expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(calls).toBe(5);
  });

  test('a group has a size', async () => {
    const groups: number[] = [];
    const take = groupArrivals<number, number>({
      most: 3,
      async take(items) {
        groups.push(items.length);
        return items;
      },
    });
    await Promise.all([1, 2, 3, 4, 5, 6, 7].map(take));
    expect(groups).toEqual([3, 3, 1]);
  });
});
