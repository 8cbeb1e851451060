/** The flat list of what is accepted: what is searched, filtered and exported. */
import type { Decision, TagSet } from './types.ts';

/** `category/<id>`, then `<attribute>/<value>` of everything accepted, the variants' too, each once. */
export function acceptedTags(tagSet: TagSet): readonly string[] {
  const list = (attributes: Readonly<Record<string, Decision>>) =>
    Object.entries(attributes).flatMap(([id, decision]) => accepted(id, decision));
  return [
    ...new Set([
      ...accepted('category', tagSet.category),
      ...list(tagSet.attributes),
      ...tagSet.variants.flatMap((variant) => list(variant.attributes)),
    ]),
  ];
}

function accepted(id: string, decision: Decision): string[] {
  if (decision.status !== 'accepted') return [];
  return decision.values.flatMap((value) => (value.id === null ? [] : [`${id}/${value.id}`]));
}
