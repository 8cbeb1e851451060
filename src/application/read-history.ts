/** What became of a product's tags, newest first, a page at a time. */
import { HangtagError } from '../domain/errors.ts';
import type { Store } from './ports.ts';
import type { Services } from './tag-request.ts';

export function createReadHistory({ store }: { readonly store: Store }): Services['readHistory'] {
  return async (productId, limit, before) => {
    // One more than asked for tells whether there is a next page.
    const entries = await store.history(productId, limit + 1, before ?? undefined);
    if (entries.length === 0 && !(await store.findTags(productId))) {
      throw new HangtagError('product.not_found', 'No product with this id has been tagged.');
    }
    const items = entries.slice(0, limit);
    return { items, next: entries.length > limit ? items.at(-1)!.revision : null };
  };
}
