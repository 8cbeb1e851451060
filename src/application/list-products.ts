/** Products by what stands in their TagSets, a page at a time. */
import { sameToday } from '../domain/taxonomy/replaced.ts';
import { withDescendants } from '../domain/taxonomy/tree.ts';
import type { Taxonomy } from '../domain/taxonomy/types.ts';
import type { Store } from './ports.ts';
import type { Services } from './tag-request.ts';

export interface ListProductsNeeds {
  /** The active one. */
  readonly taxonomy: () => Taxonomy;
  readonly store: Store;
}

/** Whoever asks for a value means what took its place as well, and what it took the place of: products keep the value that they were tagged with. */
export function createListProducts({ taxonomy: active, store }: ListProductsNeeds): Services['listProducts'] {
  return ({ category, tags, ...question }) => {
    const taxonomy = active();
    const meant = (tag: string) => {
      const [attributeId = '', valueId = ''] = tag.split('/');
      const attribute = taxonomy.attributeById.get(attributeId);
      return attribute ? sameToday(attribute, valueId).map((id) => `${attributeId}/${id}`) : [tag];
    };
    return store.list({
      ...question,
      tags: tags.map((group) => [...new Set(group.flatMap(meant))]),
      // A category that was just taken away: nothing is below it.
      categories:
        category === null
          ? null
          : taxonomy.categoryById.has(category)
            ? withDescendants(taxonomy, category)
            : [category],
    });
  };
}
