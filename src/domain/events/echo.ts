/**
 * A shop that writes our tags into its own records sends them back with its next event. What equals the last value that a model
 * gave and that was there for all to see at that time is such an echo: the merchant said nothing.
 */

import type { Decision, TagSet } from '../tagging/types.ts';
import { attributeId } from '../taxonomy/attribute-words.ts';
import { resolveCategory } from '../taxonomy/resolve-category.ts';
import type { Taxonomy } from '../taxonomy/types.ts';
import type { CatalogUpsert, CatalogWord, CatalogWords } from './catalog-event.ts';
import { valueMeant } from './words.ts';

/** The event without what only repeats `seen`, the TagSet that stood when it was made; null: there was none. */
export function withoutEchoes(taxonomy: Taxonomy, event: CatalogUpsert, seen: TagSet | null): CatalogUpsert {
  if (!seen) return event;
  const { category, ...rest } = event;
  const variants = event.variants.map(({ key, attributes }) => {
    const own = seen.variants.find((variant) => variant.key === key)?.attributes ?? {};
    return { key, attributes: fresh(taxonomy, attributes, { ...seen.attributes, ...own }) };
  });
  const said = { ...rest, variants, attributes: fresh(taxonomy, event.attributes, seen.attributes) };
  if (category === undefined || echoesCategory(taxonomy, category, seen)) return said;
  return { ...said, category };
}

function fresh(
  taxonomy: Taxonomy,
  words: CatalogWords,
  seen: Readonly<Record<string, Decision>>,
): CatalogWords {
  return Object.fromEntries(
    Object.entries(words).filter(([name, values]) => {
      const decision = seen[attributeId(name)];
      return !(values && decision && echoes(taxonomy, attributeId(name), values, decision));
    }),
  );
}

function echoes(taxonomy: Taxonomy, id: string, words: readonly CatalogWord[], decision: Decision): boolean {
  if (decision.source !== 'model' || decision.status !== 'accepted') return false;
  const attribute = taxonomy.attributeById.get(id);
  const said = words.map(({ label }) => (attribute && valueMeant(attribute, label)?.id) ?? `label ${label}`);
  const ours = decision.values.map((value) => value.id ?? `label ${value.name}`);
  return same(said, ours);
}

function echoesCategory(taxonomy: Taxonomy, text: string | null, { category }: TagSet): boolean {
  if (text === null || category.source !== 'model' || category.status !== 'accepted') return false;
  const id = resolveCategory(taxonomy, text);
  return id !== null && id === category.values[0]?.id;
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify([...new Set(a)].sort()) === JSON.stringify([...new Set(b)].sort());
}
