import { createHash } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { createMemoryFetchedImages } from '../../src/adapters/store/memory-fetched-images.ts';
import { createFetchPictures } from '../../src/application/fetch-pictures.ts';
import type { Fetched, FetchImage } from '../../src/application/ports-web.ts';
import { HangtagError } from '../../src/domain/errors.ts';
import { imageOf, vectorOf } from '../contracts/sample-tags.ts';

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const front = { kind: 'url', url: 'https://shop.example/front.jpg?sig=1' } as const;
const back = { kind: 's3', uri: 's3://catalog/back.jpg' } as const;
const bytes = Buffer.from('front');
const came: Fetched = { changed: true, bytes, validators: { etag: '"1"', lastModified: null } };
const signal = new AbortController().signal;
const now = { model: 'm@1', patient: false };

/** `known`: whether the store has what it once had. */
function world(answer: FetchImage, known = () => true) {
  const remembered = createMemoryFetchedImages();
  const fetchImage = vi.fn(answer);
  const findImages = async (sha256s: readonly string[]) =>
    new Map(
      sha256s.filter(known).map((sha256) => [sha256, { ...imageOf('x'), vector: vectorOf('x') }] as const),
    );
  const fetchPictures = createFetchPictures({ fetchImage, remembered, store: { findImages }, hash });
  return { fetchPictures, fetchImage };
}

test('what was sent is left alone; what is named is fetched, twice named once', async () => {
  const { fetchPictures, fetchImage } = world(async () => came);
  const fault = new HangtagError('image.too_large', 'x');
  const { pictures } = await fetchPictures([bytes, front, fault, back, front], now, signal);
  expect(pictures).toEqual([bytes, bytes, fault, bytes, bytes]);
  expect(fetchImage.mock.calls.map(([reference, known]) => [reference, known])).toEqual([
    [front, null],
    [back, null],
  ]);
});

test('one that was stored is asked for with what its server said; unchanged, it is its hash', async () => {
  const { fetchPictures, fetchImage } = world(async (_reference, known) =>
    known ? { changed: false } : came,
  );
  const first = await fetchPictures([front], now, signal);
  await first.remember([hash(bytes)]);
  const second = await fetchPictures([front], now, signal);
  expect(second.pictures).toEqual([{ sha256: hash(bytes) }]);
  expect(fetchImage.mock.calls[1]?.[1]).toEqual({ etag: '"1"', lastModified: null });
});

test('what could not be used, has nothing to compare with, or is known no more, is fetched whole', async () => {
  let stands = true;
  const bare: Fetched = { changed: true, bytes, validators: { etag: null, lastModified: null } };
  const { fetchPictures, fetchImage } = world(
    async (reference) => (reference.kind === 's3' ? bare : came),
    () => stands,
  );
  const asked = () => fetchImage.mock.calls.map(([, known]) => known);
  await (await fetchPictures([front, back], now, signal)).remember([null, hash(bytes)]);
  await (await fetchPictures([front, back], now, signal)).remember([hash(bytes), hash(bytes)]);
  stands = false;
  await fetchPictures([front], now, signal);
  expect(asked()).toEqual([null, null, null, null, null]);
});

test.each<[string, boolean, string | null]>([
  ['image.fetch_refused', false, 'image.fetch_refused'],
  ['image.fetch_failed', true, 'image.fetch_failed'],
  ['image.too_large', true, 'image.too_large'],
  ['image.fetch_unavailable', false, 'image.fetch_failed'],
  ['image.fetch_unavailable', true, null],
  ['request.cancelled', false, null],
])('%s (patient: %s)', async (code, patient, expected) => {
  const { fetchPictures } = world(async (reference) => {
    if (reference.kind === 's3') return came;
    throw new HangtagError(code as 'image.fetch_failed', 'So it is.');
  });
  const run = fetchPictures([front, back], { model: 'm@1', patient }, signal);
  if (expected === null) await expect(run).rejects.toMatchObject({ code });
  else expect((await run).pictures).toMatchObject([{ code: expected, message: 'So it is.' }, bytes]);
});
