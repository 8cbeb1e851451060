/** Text vectors that live as long as the process: for commands that keep nothing. */
import type { TextVectors } from '../../application/ports-clip.ts';

export function createMemoryTextVectors(): TextVectors {
  const models = new Map<string, Map<string, Float32Array>>();
  return {
    async find(model, hashes) {
      const known = models.get(model);
      return new Map(
        hashes.flatMap((hash) => {
          const vector = known?.get(hash);
          return vector ? [[hash, vector]] : [];
        }),
      );
    },
    async save(model, vectors) {
      const known = models.get(model) ?? new Map<string, Float32Array>();
      for (const [hash, vector] of vectors) if (!known.has(hash)) known.set(hash, vector);
      models.set(model, known);
    },
  };
}
