/** A store that lives as long as the process: for commands that answer without keeping, and for tests of use-cases. */
import type {
  HistoryEntry,
  ProductQuery,
  Store,
  StoredAnswer,
  StoredImage,
} from '../../application/ports.ts';
import type { CatalogProducts } from '../../application/ports-catalog.ts';
import { HangtagError } from '../../domain/errors.ts';
import { keyConflict } from '../../domain/idempotency.ts';
import { awaitsReview, hasFailures, uncertainty } from '../../domain/review/standing.ts';
import { withoutExplanations } from '../../domain/tagging/explain.ts';
import { admit, afterInput, type InputOrder, noInputs } from '../../domain/tagging/input-order.ts';
import { tagFacts } from '../../domain/tagging/tag-facts.ts';
import { acceptedTags } from '../../domain/tagging/tags.ts';
import type { TagSet } from '../../domain/tagging/types.ts';
import { createMemoryCatalog } from './memory-catalog.ts';
import { createMemoryRemovals } from './memory-removals.ts';
import { checkedProductId, idHash, pictures } from './rows.ts';

export interface MemoryStore extends Store {
  readonly catalog: CatalogProducts;
}

export function createMemoryStore({ clock }: { readonly clock: () => string }): MemoryStore {
  const products = new Map<string, TagSet>();
  const entries = new Map<string, HistoryEntry[]>();
  const images = new Map<string, StoredImage>();
  const vectors = new Map<string, Float32Array>();
  /** When each product changed last: counted, because a clock may stand still. */
  const updated = new Map<string, number>();
  const buried = new Map<
    string,
    { readonly revision: number; readonly sequence: number; readonly at: string }
  >();
  /** Out of sight, because their shop deleted them. */
  const withdrawn = new Map<string, { readonly tagSet: TagSet; readonly at: string }>();
  /** What each product's history mentions or mentioned. */
  const mentions = new Map<string, Set<string>>();
  const inputs = new Map<string, InputOrder>();
  const answers = new Map<string, StoredAnswer & { readonly productId: string }>();
  let sequence = 0;
  let changes = 0;
  let closed = false;

  const open = () => {
    if (closed) throw new HangtagError('store.unavailable', 'The store is closed.');
  };

  const forget = (sha256s: readonly string[]) => {
    for (const sha256 of sha256s) {
      images.delete(sha256);
      for (const key of vectors.keys()) if (key.startsWith(`${sha256} `)) vectors.delete(key);
    }
  };
  const mentioned = () => new Set([...mentions.values()].flatMap((set) => [...set]));
  const { meet, mark, ...removals } = createMemoryRemovals({ open, mentioned, forget });
  const graveOf = (productId: string) => buried.get(idHash(productId));
  const orderOf = (productId: string) =>
    inputs.get(productId) ?? {
      ...noInputs,
      full: Math.max(graveOf(productId)?.sequence ?? 0, catalog.deletedAt(productId)),
    };

  const forgetProduct = (productId: string): readonly string[] => {
    const current = products.get(productId) ?? withdrawn.get(productId)?.tagSet;
    const revision = current?.revision ?? graveOf(productId)?.revision ?? 0;
    buried.set(idHash(productId), { revision, sequence: ++sequence, at: clock() });
    for (const [key, answer] of answers) if (answer.productId === productId) answers.delete(key);
    catalog.drop(productId);
    if (!current) return [];
    const seen = [...(mentions.get(productId) ?? [])].sort();
    for (const map of [products, withdrawn, entries, updated, inputs, mentions]) map.delete(productId);
    const used = mentioned();
    const unused = seen.filter((sha256) => !used.has(sha256));
    forget(unused);
    mark(unused);
    return unused;
  };
  const catalog = createMemoryCatalog({
    clock,
    products,
    withdrawn,
    entries,
    orderOf,
    inputs,
    graveOf,
    nextSequence: () => ++sequence,
    deleteProduct: forgetProduct,
  });

  return {
    ...removals,
    catalog,
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
    async saveTags(write) {
      open();
      const { productId, cause, images: seen, model, vectors: fresh, input, call, decide } = write;
      catalog.meet(write);
      const hidden = withdrawn.get(checkedProductId(productId))?.tagSet ?? null;
      const current = products.get(productId) ?? (write.revives ? hidden : null);
      const order = orderOf(productId);
      const decided = decide(current ? structuredClone(current) : null, input && admit(order, input));
      if (!decided && current) return structuredClone(current);
      if (!decided)
        throw new HangtagError('product.not_found', 'The product was deleted; nothing was stored.');
      const { tagSet, revise } = decided;
      const before = call && answers.get(JSON.stringify([call.scope, call.key]));
      if (before && before.content !== call.content) throw keyConflict();
      if (before?.tagSet) return structuredClone(before.tagSet);
      const revising = revise || current === null;
      const last = (current ?? hidden)?.revision ?? graveOf(productId)?.revision ?? 0;
      const revision = last + (revising ? 1 : 0);
      const answer = { ...tagSet, revision };
      meet(write);
      const stored = structuredClone(withoutExplanations(answer));
      const list = entries.get(productId) ?? [];
      const entry = { revision, tagSet: stored, cause, at: clock() };
      entries.set(
        productId,
        revising ? [entry, ...list] : [{ ...list[0]!, tagSet: stored }, ...list.slice(1)],
      );
      withdrawn.delete(productId);
      products.set(productId, stored);
      updated.set(productId, ++changes);
      const mine = mentions.get(productId) ?? new Set();
      for (const { sha256 } of pictures(stored)) mine.add(sha256);
      mentions.set(productId, mine);
      if (input) inputs.set(productId, afterInput(order, input));
      if (call) {
        const { scope, key, content } = call;
        const tagSet = structuredClone(answer);
        answers.set(JSON.stringify([scope, key]), { content, tagSet, operationId: null, productId });
      }
      for (const image of seen) if (!images.has(image.facts.sha256)) images.set(image.facts.sha256, image);
      for (const [sha256, vector] of fresh) vectors.set(`${sha256} ${model}`, vector.slice());
      return structuredClone(answer);
    },
    async nextSequence() {
      open();
      return ++sequence;
    },
    // For as long as the process lives, which is never a day.
    async findAnswer(scope, key) {
      open();
      const found = answers.get(JSON.stringify([scope, key]));
      if (!found) return null;
      const { productId: _, ...answer } = found;
      return structuredClone(answer);
    },
    async findTags(productId) {
      open();
      const found = products.get(checkedProductId(productId));
      return found ? structuredClone(found) : null;
    },
    async history(productId, limit, before = Number.POSITIVE_INFINITY) {
      open();
      const list = (!withdrawn.has(checkedProductId(productId)) && entries.get(productId)) || [];
      return structuredClone(list.filter(({ revision }) => revision < before).slice(0, limit));
    },
    async list({ sort, limit, after, ...conditions }) {
      open();
      const found = [...products.values()]
        .filter((tagSet) => fits(tagSet, conditions))
        .map((tagSet) => {
          const { productId } = tagSet;
          const change = updated.get(productId)!;
          return { tagSet, productId, change, key: sort === 'updated' ? change : uncertainty(tagSet) };
        })
        .filter(({ change }) => !after || change <= after.asOf)
        .sort((a, b) => b.key - a.key || byBytes(a.productId, b.productId))
        .filter(
          ({ key, productId }) =>
            !after || key < after.key || (key === after.key && byBytes(productId, after.productId) > 0),
        );
      const page = found.slice(0, limit);
      const { key, productId } = page.at(-1) ?? { key: 0, productId: '' };
      return {
        items: structuredClone(page.map(({ tagSet }) => tagSet)),
        next: found.length > limit ? { key, productId, asOf: after?.asOf ?? changes } : null,
      };
    },
    async deleteProduct(productId) {
      open();
      return forgetProduct(checkedProductId(productId));
    },
    async ping() {
      open();
    },
    async close() {
      closed = true;
    },
  };
}

type Conditions = Pick<ProductQuery, 'categories' | 'tags' | 'review' | 'failed'>;

function fits(tagSet: TagSet, { categories, tags, review, failed }: Conditions): boolean {
  const { category } = tagFacts(tagSet);
  const accepted = new Set(acceptedTags(tagSet));
  return (
    (categories === null || (category !== null && categories.includes(category))) &&
    tags.every((group) => group.some((tag) => accepted.has(tag))) &&
    (review === null || awaitsReview(tagSet) === (review === 'pending')) &&
    (!failed || hasFailures(tagSet))
  );
}

/** As PostgreSQL orders text by bytes. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
