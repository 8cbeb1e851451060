/** A store that lives as long as the process: for commands that answer without keeping, and for tests of use-cases. */
import type { HistoryEntry, Store, StoredImage } from '../../application/ports.ts';
import { HangtagError } from '../../domain/errors.ts';
import { withoutExplanations } from '../../domain/tagging/explain.ts';
import type { TagSet } from '../../domain/tagging/types.ts';
import { checkedProductId } from './rows.ts';

export function createMemoryStore({ clock }: { readonly clock: () => string }): Store {
  const products = new Map<string, TagSet>();
  const entries = new Map<string, HistoryEntry[]>();
  const images = new Map<string, StoredImage>();
  const vectors = new Map<string, Float32Array>();
  let closed = false;

  const open = () => {
    if (closed) throw new HangtagError('store.unavailable', 'The store is closed.');
  };

  return {
    async findImages(sha256s, model) {
      open();
      return new Map(
        sha256s.flatMap((sha256) => {
          const image = images.get(sha256);
          const vector = vectors.get(`${sha256} ${model}`);
          return image && vector ? [[sha256, { ...image, vector: vector.slice() }]] : [];
        }),
      );
    },
    async saveTags({ productId, cause, images: seen, model, vectors: fresh, decide }) {
      open();
      const current = products.get(checkedProductId(productId)) ?? null;
      const { tagSet, revise } = decide(current ? structuredClone(current) : null);
      const revising = revise || current === null;
      const revision = (current?.revision ?? 0) + (revising ? 1 : 0);
      const answer = { ...tagSet, revision };
      const stored = structuredClone(withoutExplanations(answer));
      const list = entries.get(productId) ?? [];
      const entry = { revision, tagSet: stored, cause, at: clock() };
      entries.set(
        productId,
        revising ? [entry, ...list] : [{ ...list[0]!, tagSet: stored }, ...list.slice(1)],
      );
      products.set(productId, stored);
      for (const image of seen) if (!images.has(image.facts.sha256)) images.set(image.facts.sha256, image);
      for (const [sha256, vector] of fresh) vectors.set(`${sha256} ${model}`, vector.slice());
      return structuredClone(answer);
    },
    async findTags(productId) {
      open();
      const found = products.get(checkedProductId(productId));
      return found ? structuredClone(found) : null;
    },
    async history(productId, limit) {
      open();
      return structuredClone((entries.get(checkedProductId(productId)) ?? []).slice(0, limit));
    },
    async ping() {
      open();
    },
    async close() {
      closed = true;
    },
  };
}
