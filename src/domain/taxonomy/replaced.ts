/** Values that are no longer given, and what stands for them now. Products were tagged with them, and callers still name them. */
import type { Attribute, AttributeValue, Taxonomy } from './types.ts';

/**
 * The value that is given today where this one was: itself, or the heir at the end of `replaced_by`. Null where there is
 * none: unknown, retired without an heir, or a chain that comes back to itself.
 */
export function replaced(taxonomy: Taxonomy, attributeId: string, valueId: string): string | null {
  const attribute = taxonomy.attributeById.get(attributeId);
  return (attribute && heirOf(attribute, valueId)?.id) ?? null;
}

/** The same of an attribute at hand. */
export function heirOf({ valueById }: Attribute, valueId: string): AttributeValue | null {
  const seen = new Set<string>();
  for (let id: string | null = valueId; id !== null && !seen.has(id); ) {
    const value: AttributeValue | undefined = valueById.get(id);
    if (!value) return null;
    if (!value.deprecated) return value;
    seen.add(id);
    id = value.replacedBy;
  }
  return null;
}

/** Every value id that means the same today, the asked one first; it alone where it has no heir. */
export function sameToday(attribute: Attribute, valueId: string): readonly string[] {
  const heir = heirOf(attribute, valueId);
  if (!heir) return [valueId];
  const family = attribute.values.filter(({ id }) => heirOf(attribute, id) === heir).map(({ id }) => id);
  return [valueId, ...family.filter((id) => id !== valueId)];
}

/** With what stands today for each: a bar on a retired value holds for its heir. */
export function withHeirs(attribute: Attribute, valueIds: readonly string[]): readonly string[] {
  const heirs = valueIds.flatMap((id) => heirOf(attribute, id)?.id ?? []);
  return [...new Set([...valueIds, ...heirs])];
}
