/** A list without conditions, to be narrowed by whoever asks. */
import type { ProductQuery } from '../../src/application/ports.ts';

export const anyProduct: ProductQuery = {
  categories: null,
  tags: [],
  review: null,
  failed: false,
  sort: 'updated',
  limit: 50,
  after: null,
};
