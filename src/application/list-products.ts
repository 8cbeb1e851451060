/** Products by what stands in their TagSets, a page at a time. */
import { withDescendants } from '../domain/taxonomy/tree.ts';
import type { Taxonomy } from '../domain/taxonomy/types.ts';
import type { Store } from './ports.ts';
import type { Services } from './tag-request.ts';

export interface ListProductsNeeds {
  readonly taxonomy: Taxonomy;
  readonly store: Store;
}

export function createListProducts({ taxonomy, store }: ListProductsNeeds): Services['listProducts'] {
  return ({ category, ...question }) =>
    store.list({ ...question, categories: category === null ? null : withDescendants(taxonomy, category) });
}
