/** Which ids exist, as far as the files that could be read tell. */
import type { ReadDocuments } from './documents.ts';

/** What an unreadable file would have had to answer counts as known: its own problem is reported, not its echoes. */
export interface Known {
  category(id: string): boolean;
  profile(id: string): boolean;
  attribute(id: string): boolean;
  /** True for an attribute that is not known: ask for that first. */
  value(attribute: string, id: string): boolean;
}

export function whatIsKnown({ taxonomy, categories, profiles, attributes }: ReadDocuments): Known {
  const nodes = categories && new Set(categories.map((category) => category.id));
  const listed = new Set(taxonomy?.attributes);
  const values = new Map(
    Object.entries(attributes).map(([id, attribute]) => [
      id,
      attribute && new Set(attribute.values.map((value) => value.id)),
    ]),
  );
  return {
    category: (id) => nodes === null || nodes.has(id),
    profile: (id) => profiles === null || Object.hasOwn(profiles, id),
    attribute: (id) => values.has(id) || listed.has(id),
    value: (attribute, id) => values.get(attribute)?.has(id) ?? true,
  };
}
