/** What is remembered of fetched pictures, for as long as the process lives. */
import type { RememberedPicture, RememberedPictures } from '../../application/ports-web.ts';

export function createMemoryFetchedImages(): RememberedPictures {
  const all = new Map<string, RememberedPicture>();
  return {
    async find(keys) {
      return new Map(
        keys.flatMap((key): [string, RememberedPicture][] => {
          const found = all.get(key);
          return found ? [[key, found]] : [];
        }),
      );
    },
    async save(pictures) {
      for (const [key, picture] of pictures) all.set(key, picture);
    },
  };
}
