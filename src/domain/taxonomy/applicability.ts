/** Which attributes and values apply to a category: nothing else is ever scored. */
import { leavesUnder } from './tree.ts';
import type { Attribute, AttributeValue, Profile, Taxonomy } from './types.ts';

/** The profile of everything: what holds when the category is unknown. */
export const universalProfile = 'universal';

/** A leaf's own attributes; of an inner node what all its leaves share; without a category the universal ones. */
export function attributesFor(taxonomy: Taxonomy, categoryId: string | null): readonly string[] {
  if (categoryId === null) return profile(taxonomy, universalProfile).attributes;
  const lists = profilesUnder(taxonomy, categoryId).map((one) => one.attributes);
  const [first = [], ...others] = lists;
  return first.filter((id) => others.every((list) => list.includes(id)));
}

/** A leaf's profile; of an inner node the nearest profile that all its leaves extend. */
export function profileFor(taxonomy: Taxonomy, categoryId: string | null): string {
  if (categoryId === null) return universalProfile;
  const [first, ...others] = profilesUnder(taxonomy, categoryId);
  return first?.chain.find((id) => others.every((other) => other.chain.includes(id))) ?? universalProfile;
}

/** Values that a product of this category could have; for an inner node or no category, that any of its leaves could. */
export function valuesFor(
  attribute: Attribute,
  taxonomy: Taxonomy,
  categoryId: string | null,
): readonly AttributeValue[] {
  const leaves = leavesUnder(taxonomy, categoryId).filter(
    (leaf) =>
      attribute.scope === 'image' || profile(taxonomy, leaf.profile!).attributes.includes(attribute.id),
  );
  return attribute.values.filter(
    (value) =>
      !value.deprecated &&
      ((value.profiles === null && value.categories === null) ||
        leaves.some(
          (leaf) =>
            (value.profiles === null ||
              profile(taxonomy, leaf.profile!).chain.some((id) => value.profiles!.includes(id))) &&
            (value.categories === null || leaf.path.some((id) => value.categories!.includes(id))),
        )),
  );
}

/** Attributes of single pictures (view, presentation): they gate others and are never tags. */
export function imageAttributes(taxonomy: Taxonomy): readonly Attribute[] {
  return taxonomy.attributes.filter((attribute) => attribute.scope === 'image');
}

/** The profiles of all leaves at or below a node, each once. */
export function profilesUnder(taxonomy: Taxonomy, categoryId: string): readonly Profile[] {
  const ids = new Set(leavesUnder(taxonomy, categoryId).map((leaf) => leaf.profile!));
  return [...ids].map((id) => profile(taxonomy, id));
}

function profile(taxonomy: Taxonomy, id: string): Profile {
  const found = taxonomy.profiles.get(id);
  if (!found) throw new RangeError(`no profile ${id}`);
  return found;
}
