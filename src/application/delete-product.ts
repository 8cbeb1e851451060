/** Forgets a product: its tags, its history, and whatever is known of pictures that nobody else uses. */
import type { Originals, Store } from './ports.ts';
import type { Services } from './tag-request.ts';

export interface DeleteProductNeeds {
  readonly store: Store;
  readonly originals: Originals;
}

/** Resolves also for a product that nobody knows. */
export function createDeleteProduct({ store, originals }: DeleteProductNeeds): Services['deleteProduct'] {
  return async (productId) => {
    // The store first: an original that a crash leaves behind harms nobody, a product without its original does.
    const unused = await store.deleteProduct(productId);
    for (const sha256 of unused) await originals.delete(sha256);
  };
}
