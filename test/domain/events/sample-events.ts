/** Events for tests: with everything left out but what a test says. */
import type { CatalogUpsert } from '../../../src/domain/events/catalog-event.ts';

export function upsert(fields: Partial<CatalogUpsert>): CatalogUpsert {
  return {
    type: 'product.upserted',
    productId: 'p',
    at: null,
    attributes: {},
    variants: [],
    warnings: [],
    ...fields,
  };
}
