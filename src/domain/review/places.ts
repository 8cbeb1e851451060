/** Where a decision stands: in what all variants of a product share, or in one of them. */
import type { Problem } from '../errors.ts';
import type { Decision, TagSet, VariantTags } from '../tagging/types.ts';
import { wrong } from './refusal.ts';
import type { Step } from './types.ts';

/** A variant's key, or null for what all variants share. */
export type Place = string | null;

/** Undefined, with a problem, where the step names no such place. */
export function placeOf(
  tagSet: TagSet,
  { verb, attribute, pointer }: Step,
  variant: string | null,
  problems: Problem[],
): Place | undefined {
  if (variant !== null) {
    if (attribute.scope === 'variant') return variant;
    problems.push(wrong(pointer, `${attribute.id} is shared by all variants; leave "variant" out.`));
    return undefined;
  }
  // A variant without pictures is only what people said of it: the product is not split by it.
  const split = attribute.scope === 'variant' && tagSet.variants.some(({ images }) => images.length > 0);
  // What people said before the product was split can still be taken back; a bar for all variants would not reach them.
  if (!split || (verb !== 'reject' && tagSet.attributes[attribute.id])) return null;
  problems.push(wrong(pointer, `${attribute.id} is decided per variant; name it in "variant".`));
  return undefined;
}

export function decisionAt(
  { attributes, variants }: Pick<TagSet, 'attributes' | 'variants'>,
  place: Place,
  id: string,
): Decision | undefined {
  return place === null ? attributes[id] : variants.find(({ key }) => key === place)?.attributes[id];
}

/** The TagSet with this decision, or (null) without one. Other decisions keep their order. */
export function withDecision(tagSet: TagSet, place: Place, id: string, decision: Decision | null): TagSet {
  const changed = (attributes: Readonly<Record<string, Decision>>) => {
    const { [id]: _, ...others } = attributes;
    return decision ? { ...attributes, [id]: decision } : others;
  };
  if (place !== null) {
    const variants = tagSet.variants.map((variant) =>
      variant.key === place ? { ...variant, attributes: changed(variant.attributes) } : variant,
    );
    return { ...tagSet, variants };
  }
  const { notSupported } = tagSet.provenance;
  const left = decision ? notSupported.filter((name) => name !== id) : notSupported;
  return {
    ...tagSet,
    attributes: changed(tagSet.attributes),
    provenance: { ...tagSet.provenance, notSupported: left },
  };
}

/** Less the variants that no picture shows and of which nobody says anything any more. */
export function withoutEmptyVariants(tagSet: TagSet): TagSet {
  const stands = ({ images, attributes }: VariantTags) =>
    images.length > 0 || Object.keys(attributes).length > 0;
  return { ...tagSet, variants: tagSet.variants.filter(stands) };
}
