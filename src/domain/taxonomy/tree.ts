/** Walks of the category tree. All pure, all by id. */
import type { Category, Taxonomy } from './types.ts';

/** The leaves at or below a node; every leaf for null. Throws RangeError for an unknown id. */
export function leavesUnder(taxonomy: Taxonomy, categoryId: string | null): readonly Category[] {
  if (categoryId === null) return taxonomy.categories.filter((category) => category.leaf);
  node(taxonomy, categoryId);
  return taxonomy.categories.filter((category) => category.leaf && category.path.includes(categoryId));
}

/** The node itself and everything below it. */
export function withDescendants(taxonomy: Taxonomy, categoryId: string): readonly string[] {
  return taxonomy.categories
    .filter((category) => category.path.includes(categoryId))
    .map((category) => category.id);
}

/** The deepest node above (or equal to) all of these, or null where they share none. */
export function lowestCommonAncestor(taxonomy: Taxonomy, ids: readonly string[]): string | null {
  const paths = ids.map((id) => node(taxonomy, id).path);
  const first = paths[0] ?? [];
  let depth = 0;
  while (depth < first.length && paths.every((path) => path[depth] === first[depth])) depth++;
  return depth === 0 ? null : first[depth - 1]!;
}

/** The last node of a path that the taxonomy still has; null where it has none: categories go and paths stay stored. */
export function deepestKnown(taxonomy: Taxonomy, path: readonly string[]): string | null {
  return path.findLast((id) => taxonomy.categoryById.has(id)) ?? null;
}

function node(taxonomy: Taxonomy, id: string): Category {
  const found = taxonomy.categoryById.get(id);
  if (!found) throw new RangeError(`no category ${id}`);
  return found;
}
