/** A product that its shop withdrew, back as it was: tags, what people said, and revisions. Refuses with `product.not_found`. */
import { HangtagError } from '../domain/errors.ts';
import type { Clock } from './ports.ts';
import { type CatalogProducts, restorableDays } from './ports-catalog.ts';
import type { Services } from './tag-request.ts';

export function createRestoreProduct({
  catalog,
  clock,
}: {
  readonly catalog: Pick<CatalogProducts, 'restore'>;
  readonly clock: Clock;
}): Services['restoreProduct'] {
  return async (productId) => {
    const tagSet = await catalog.restore(productId, clock());
    if (tagSet) return tagSet;
    const detail = `No shop deleted a product with this id in the last ${restorableDays} days, or it is back already.`;
    throw new HangtagError('product.not_found', detail);
  };
}
