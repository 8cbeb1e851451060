/** A merchant's own words, and the taxonomy's value that they mean. */
import type { Attribute, AttributeValue } from '../taxonomy/types.ts';

/** By id, name or synonym, whatever the case; values that are no longer given are none. */
export function valueMeant(attribute: Attribute, label: string): AttributeValue | null {
  const wanted = fold(label);
  const matches: ((value: AttributeValue) => boolean)[] = [
    (value) => value.id === label.trim() || value.id === wanted,
    (value) => fold(value.name) === wanted,
    (value) => value.synonyms.some((synonym) => fold(synonym) === wanted),
  ];
  for (const match of matches) {
    const found = attribute.values.filter((value) => !value.deprecated && match(value));
    // One word for two values means neither.
    if (found.length > 0) return found.length === 1 ? found[0]! : null;
  }
  return null;
}

function fold(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ');
}
