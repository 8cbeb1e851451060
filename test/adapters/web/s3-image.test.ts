/** Pictures in a bucket: only below what is allowed, and as S3 answers. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createS3Images } from '../../../src/adapters/web/s3-image.ts';
import type { Validators } from '../../../src/application/ports-web.ts';
import { type S3StandIn, signer, startS3 } from '../originals/s3-stand-in.ts';

const bytes = Buffer.from('as if it were a picture');
let world: S3StandIn;
let images: ReturnType<typeof createS3Images>;

beforeAll(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', signer.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', signer.secretAccessKey);
  vi.stubEnv('AWS_SESSION_TOKEN', signer.sessionToken ?? '');
  vi.stubEnv('AWS_REGION', signer.region);
  world = await startS3({ bucket: 'shop' });
  const put = (key: string, content: Buffer) =>
    world.objects.set(key, { bytes: content, contentType: 'image/jpeg', at: new Date() });
  put('catalog/a b/ü+.jpg', bytes);
  put('catalog/large.jpg', Buffer.alloc(2000));
  put('catalog-private/a.jpg', bytes);
  images = createS3Images({
    allowPrefixes: ['s3://shop/catalog/', 's3://away/'],
    endpoint: world.endpoint,
    totalMs: 800,
    maxBytes: 1000,
  });
});
afterAll(async () => {
  await images.close();
  await world.close();
  vi.unstubAllEnvs();
});

const get = (uri: string, known: Validators | null = null, signal = new AbortController().signal) =>
  images.fetchImage({ kind: 's3', uri }, known, signal);

test('comes whole; unchanged, it is not sent again', async () => {
  const first = await get('s3://shop/catalog/a b/ü+.jpg');
  expect(first).toMatchObject({ changed: true, bytes, validators: { lastModified: null } });
  const validators = first.changed ? first.validators : null;
  expect(validators?.etag).toMatch(/^"[0-9a-f]{32}"$/);
  expect(await get('s3://shop/catalog/a b/ü+.jpg', validators)).toEqual({ changed: false });
  const other = { etag: '"another"', lastModified: null };
  expect(await get('s3://shop/catalog/a b/ü+.jpg', other)).toMatchObject({ changed: true });
});

describe('is refused without a call', () => {
  test.each([
    's3://shop/catalog-private/a.jpg',
    's3://shop/catalog/../catalog-private/a.jpg',
    's3://shop/catalog/./a.jpg',
    's3://shop/catalog/',
    's3://shop/catalog',
    's3://shop/',
    's3://other/catalog/a.jpg',
    's3://SHOP/catalog/a.jpg',
    's3:/shop/catalog/a.jpg',
    'https://shop/catalog/a.jpg',
    `s3://shop/catalog/${'a'.repeat(1024)}`,
    '',
  ])('%s', async (uri) => {
    const before = world.requests.length;
    await expect(get(uri)).rejects.toMatchObject({ code: 'image.fetch_refused' });
    expect(world.requests.length).toBe(before);
  });

  test('where nothing is allowed, the setting is named', async () => {
    const none = createS3Images({ allowPrefixes: [], endpoint: world.endpoint });
    const asked = none.fetchImage({ kind: 's3', uri: 's3://shop/a.jpg' }, null, new AbortController().signal);
    await expect(asked).rejects.toMatchObject({ message: expect.stringContaining('S3_ALLOW_PREFIXES') });
    await none.close();
  });
});

test.each<[string, string, S3StandIn['fail'], string]>([
  ['no such object', 's3://shop/catalog/none.jpg', null, 'image.fetch_failed'],
  ['no such bucket', 's3://away/a.jpg', null, 'image.fetch_failed'],
  ['too large', 's3://shop/catalog/large.jpg', null, 'image.too_large'],
  [
    'forbidden',
    's3://shop/catalog/x',
    () => ({ kind: 'status', status: 403, code: 'AccessDenied' }),
    'image.fetch_refused',
  ],
  [
    'archived',
    's3://shop/catalog/x',
    () => ({ kind: 'status', status: 403, code: 'InvalidObjectState' }),
    'image.fetch_refused',
  ],
  [
    'busy',
    's3://shop/catalog/x',
    () => ({ kind: 'status', status: 503, code: 'SlowDown' }),
    'image.fetch_unavailable',
  ],
  [
    'broken',
    's3://shop/catalog/x',
    () => ({ kind: 'status', status: 500, code: 'InternalError' }),
    'image.fetch_unavailable',
  ],
  ['silent', 's3://shop/catalog/x', () => ({ kind: 'hang' }), 'image.fetch_unavailable'],
  ['cut', 's3://shop/catalog/a b/ü+.jpg', () => ({ kind: 'reset-in-body' }), 'image.fetch_unavailable'],
])('%s', async (_what, uri, fail, code) => {
  world.fail = fail;
  await expect(get(uri)).rejects.toMatchObject({ code });
  world.fail = null;
});

test('a caller who leaves is let go', async () => {
  world.fail = () => ({ kind: 'hang' });
  const leaving = new AbortController();
  const left = get('s3://shop/catalog/x', null, leaving.signal);
  const over = expect(left).rejects.toMatchObject({ code: 'request.cancelled' });
  leaving.abort();
  await over;
  world.fail = null;
});
