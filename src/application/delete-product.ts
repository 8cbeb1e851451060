/** Forgets a product: its tags, its history, and whatever is known of pictures that nobody else uses. */
import type { Store } from './ports.ts';
import type { Notices } from './ports-originals.ts';
import type { RemoveOriginals } from './remove-originals.ts';
import type { Services } from './tag-request.ts';

export interface DeleteProductNeeds {
  readonly store: Store;
  readonly removeOriginals: RemoveOriginals;
  readonly log: Notices;
  /** Milliseconds for which the caller waits for the originals to be gone. */
  readonly patienceMs?: number;
}

/** Resolves also for a product that nobody knows. */
export function createDeleteProduct(needs: DeleteProductNeeds): Services['deleteProduct'] {
  const { store, removeOriginals, log, patienceMs = 5_000 } = needs;

  return async (productId) => {
    // From here on the originals are marked, and they go whatever happens: now, or with a later sweep.
    const unused = await store.deleteProduct(productId);
    if (unused.length === 0) return;
    const removing = removeOriginals(unused).catch((error: unknown) => {
      log.warn(
        { err: error },
        'originals of a deleted product could not be removed yet; they are tried again',
      );
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    await Promise.race([removing, enough]);
    clearTimeout(timer);
  };
}
