/** A caller's words for a category: our id, a name or synonym, a Shopify GID, or a Google category id. */
import { lowestCommonAncestor } from './tree.ts';
import type { Category, Taxonomy } from './types.ts';

/**
 * The node's id, or null where nothing matches. Foreign ids are coarser than ours: where several nodes carry the same
 * one, the answer is the node above them all (null where they share none).
 */
export function resolveCategory(taxonomy: Taxonomy, text: string): string | null {
  const wanted = text.trim();
  if (wanted === '') return null;
  if (taxonomy.categoryById.has(wanted)) return wanted;
  const folded = fold(wanted);
  const tries: ((category: Category) => boolean)[] = [
    (category) => category.id === folded || fold(category.name) === folded,
    (category) => category.synonyms.some((synonym) => fold(synonym) === folded),
    (category) => category.shopify?.gid === wanted && category.shopify.match === 'exact',
    (category) => category.shopify?.gid === wanted,
    (category) => /^\d+$/.test(wanted) && category.google === Number(wanted),
  ];
  for (const matches of tries) {
    const found = taxonomy.categories.filter(matches);
    if (found.length > 0) return highest(taxonomy, found);
  }
  return null;
}

/** Of nodes that carry the same foreign id, one that stands above all others, else their common ancestor. */
function highest(taxonomy: Taxonomy, found: readonly Category[]): string | null {
  return lowestCommonAncestor(
    taxonomy,
    found.map((category) => category.id),
  );
}

function fold(text: string): string {
  return text.trim().toLowerCase().replace(/\s+/g, ' ');
}
