/** A TagSet as the world outside is shown it: in answers and in the events that are sent. */
import { acceptedTags } from './tags.ts';
import type { TagSet } from './types.ts';

export function published(tagSet: TagSet) {
  return {
    apiVersion: 1,
    productId: tagSet.productId,
    revision: tagSet.revision,
    title: tagSet.title,
    category: tagSet.category,
    attributes: tagSet.attributes,
    variants: tagSet.variants,
    tags: acceptedTags(tagSet),
    images: tagSet.images,
    provenance: tagSet.provenance,
    warnings: tagSet.warnings,
  };
}
