/** The TagSet of a product as it stands. Refuses with `product.not_found`. */
import { HangtagError } from '../domain/errors.ts';
import type { Store } from './ports.ts';
import type { Services } from './tag-request.ts';

export function createReadTags({ store }: { readonly store: Store }): Services['readTags'] {
  return async (productId) => {
    const tagSet = await store.findTags(productId);
    if (!tagSet) throw new HangtagError('product.not_found', 'No product with this id has been tagged.');
    return tagSet;
  };
}
