/** Signatures of events: held against openssl (dgst -sha256 -mac HMAC) and the reference package; and everything that must be refused. */
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import {
  createBodyVerifier,
  shopifyHeaders,
  wooHeaders,
} from '../../../src/adapters/signatures/body-signature.ts';
import {
  createStandardSigner,
  createStandardVerifier,
  readSecret,
} from '../../../src/adapters/signatures/standard-webhooks.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const older = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;
const at = new Date('2026-11-24T00:00:00Z');
const body = new TextEncoder().encode('{"type":"product.upserted","data":{"productId":"sku-1"}}');
const verifier = (secrets = [secret], now = at) => createStandardVerifier(secrets, () => now.getTime());
const signed = createStandardSigner([secret])('evt_1', at, body);

describe('Standard Webhooks', () => {
  test('what we sign is what another program signs, and what we accept', () => {
    expect(signed).toEqual({
      'webhook-id': 'evt_1',
      'webhook-timestamp': '1795478400',
      'webhook-signature': 'v1,9EU51JS9ZbE0ocTyKFn2FyMWz4/fEtZ/MnTrG12+GF4=',
    });
    expect(verifier()(signed, body)).toEqual({
      valid: true,
      eventId: 'evt_1',
      signedAt: '2026-11-24T00:00:00.000Z',
    });
  });

  test('the reference package and ours agree, either way', () => {
    const theirs = new Webhook(secret);
    const now = new Date();
    const text = new TextDecoder().decode(body);
    expect(theirs.verify(text, createStandardSigner([older, secret])('evt_3', now, body))).toEqual(
      JSON.parse(text),
    );
    expect(() => theirs.verify(`${text} `, createStandardSigner([secret])('evt_3', now, body))).toThrow();
    const headers = {
      'webhook-id': 'evt_3',
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': theirs.sign('evt_3', now, text),
    };
    expect(verifier([secret], now)(headers, body).valid).toBe(true);
  });

  test('a secret is exchanged without a pause: both sides know both for a while', () => {
    const both = createStandardSigner([older, secret])('evt_2', at, body);
    for (const known of [[secret], [older], [secret, older]])
      expect(verifier(known)(both, body).valid).toBe(true);
    expect(verifier([older, secret])(signed, body).valid).toBe(true);
    expect(verifier([older])(signed, body)).toEqual({ valid: false, why: 'forged' });
  });

  test('five minutes either way', () => {
    const seen = (seconds: number) =>
      verifier([secret], new Date(at.getTime() + seconds * 1000))(signed, body);
    expect([seen(-300).valid, seen(300).valid]).toEqual([true, true]);
    for (const seconds of [-301, 301, 86_400]) expect(seen(seconds)).toEqual({ valid: false, why: 'stale' });
  });

  test.each([
    ['no id', { 'webhook-id': undefined }, 'unsigned'],
    ['an empty signature', { 'webhook-signature': '' }, 'unsigned'],
    ['an id that came twice', { 'webhook-id': ['evt_1', 'evt_1'] }, 'unsigned'],
    [
      'a signature that came twice',
      { 'webhook-signature': [signed['webhook-signature'], 'v1,x'] },
      'unsigned',
    ],
    ['another id', { 'webhook-id': 'evt_9' }, 'forged'],
    ['an id that ends early', { 'webhook-id': 'evt_1.1795478400' }, 'malformed'],
    ['another time', { 'webhook-timestamp': '1795478401' }, 'forged'],
    ['a time that is none', { 'webhook-timestamp': '1795478400.0' }, 'malformed'],
    ['a time before time', { 'webhook-timestamp': '-1' }, 'malformed'],
    ['another version', { 'webhook-signature': signed['webhook-signature'].replace('v1,', 'v2,') }, 'forged'],
    ['no version', { 'webhook-signature': signed['webhook-signature'].slice(3) }, 'forged'],
    ['half a signature', { 'webhook-signature': signed['webhook-signature'].slice(0, 20) }, 'forged'],
  ] as const)('refused: %s', (_, changes, why) => {
    expect(verifier()({ ...signed, ...changes }, body)).toEqual({ valid: false, why });
  });

  test('one changed bit anywhere in the body is another body', () => {
    fc.assert(
      fc.property(fc.nat(body.length * 8 - 1), (bit) => {
        const changed = Uint8Array.from(body);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(verifier()(signed, changed)).toEqual({ valid: false, why: 'forged' });
      }),
      { numRuns: 100 },
    );
  });

  test('secrets that protect nothing are none', () => {
    for (const bad of [
      '',
      'whsec_',
      'whsec_c2hvcnQ=',
      'whsec_*',
      `whsec_${Buffer.alloc(65).toString('base64')}`,
    ])
      expect(() => readSecret(bad)).toThrow(RangeError);
    expect(readSecret(secret.slice(6))).toEqual(Buffer.alloc(32, 7));
  });
});

describe.each([
  ['Shopify', shopifyHeaders],
  ['WooCommerce', wooHeaders],
] as const)('%s', (_, names) => {
  const given = createHmac('sha256', 'a shop’s secret').update(body).digest('base64');
  const headers = { [names.signature]: given, [names.id]: 'b54557e4' };
  const verify = createBodyVerifier(names, ['an older one', 'a shop’s secret']);

  test('its body under any of the secrets', () => {
    expect(verify(headers, body)).toEqual({ valid: true, eventId: 'b54557e4', signedAt: null });
    expect(verify({ [names.signature]: given }, body)).toMatchObject({ valid: true, eventId: null });
  });

  test.each([
    ['unsigned', {}, 'unsigned'],
    ['signed twice', { [names.signature]: [given, given] }, 'unsigned'],
    ['hexadecimal', { [names.signature]: Buffer.from(given, 'base64').toString('hex') }, 'malformed'],
    [
      'another spelling of the same bytes',
      {
        [names.signature]: `${given.slice(0, -2)}${given.at(-2) === 'A' ? 'B' : String.fromCharCode(given.charCodeAt(given.length - 2) + 1)}=`,
      },
      'malformed',
    ],
    ['another’s', { [names.signature]: createHmac('sha256', 'x').update(body).digest('base64') }, 'forged'],
  ])('refused: %s', (_case, changed, why) => {
    expect(verify(changed, body)).toEqual({ valid: false, why });
  });

  test('without a secret nothing is verified', () => {
    expect(() => createBodyVerifier(names, [])).toThrow(RangeError);
    expect(() => createBodyVerifier(names, [''])).toThrow(RangeError);
  });
});
