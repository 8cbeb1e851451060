/** What every memory of fetched pictures does. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RememberedPicture, RememberedPictures } from '../../src/application/ports-web.ts';
import { sha256 } from './sample-tags.ts';

export function fetchedImagesContract(
  name: string,
  open: () => Promise<{ readonly fetchedImages: RememberedPictures; close(): Promise<void> }>,
): void {
  describe(`fetched images: ${name}`, () => {
    let place: Awaited<ReturnType<typeof open>>;
    beforeAll(async () => {
      place = await open();
    });
    afterAll(() => place?.close());
    const key = () => sha256(randomUUID());
    const picture = (text: string, etag: string | null, lastModified: string | null): RememberedPicture => ({
      sha256: sha256(text),
      validators: { etag, lastModified },
    });

    test('the last one counts, for as many names as there are', async () => {
      const [first, second] = [key(), key()];
      await place.fetchedImages.save(
        new Map([
          [first, picture('a', '"1"', null)],
          [second, picture('a', null, 'Mon, 01 Jan 2024 00:00:00 GMT')],
        ]),
      );
      await place.fetchedImages.save(new Map([[first, picture('b', 'W/"2"', null)]]));
      expect(await place.fetchedImages.find([first, second, key(), first])).toEqual(
        new Map([
          [first, picture('b', 'W/"2"', null)],
          [second, picture('a', null, 'Mon, 01 Jan 2024 00:00:00 GMT')],
        ]),
      );
    });

    test('at once', async () => {
      const keys = Array.from({ length: 20 }, key);
      await Promise.all(
        [keys, [...keys].reverse(), keys].map((some, n) =>
          place.fetchedImages.save(new Map(some.map((one) => [one, picture(`at once ${n}`, '"x"', null)]))),
        ),
      );
      expect((await place.fetchedImages.find(keys)).size).toBe(20);
    });

    test('nothing', async () => {
      await place.fetchedImages.save(new Map());
      expect((await place.fetchedImages.find([])).size).toBe(0);
    });
  });
}
