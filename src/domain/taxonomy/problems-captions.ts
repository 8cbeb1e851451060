/** Two values that render to the same caption cannot be told apart by any model. */
import { profileAttributes, profileChain } from './build.ts';
import type { AttributeDocument, ProfileDocument, ReadDocuments } from './documents.ts';
import { renderCaption } from './prompts.ts';
import type { Report } from './report.ts';

/** Looks under every profile that has the attribute, since the noun decides what a caption becomes; says each pair once. */
export function captionProblems({ profiles, attributes }: ReadDocuments, report: Report): void {
  if (profiles === null) return;
  const asked = Object.entries(profiles).map(([id, profile]) => ({
    id,
    profile,
    chain: profileChain(profiles, id),
    attributes: new Set(profileAttributes(profiles, id)),
  }));
  for (const [id, attribute] of Object.entries(attributes)) {
    if (attribute === null) continue;
    const said = new Set<string>();
    for (const under of asked) {
      if (attribute.scope !== 'image' && !under.attributes.has(id)) continue;
      for (const { value, owner, caption } of shared(attribute, under.profile, under.chain)) {
        if (said.has(`${value} ${owner}`)) continue;
        said.add(`${value} ${owner}`);
        const message = `under the profile ${under.id} shares the caption ${JSON.stringify(caption)} with ${owner}`;
        report(`attributes/${id}.yaml`, `values.${value}.prompts`, message);
      }
    }
  }
}

interface SharedCaption {
  readonly value: string;
  readonly owner: string;
  readonly caption: string;
}

function shared(
  attribute: AttributeDocument,
  profile: ProfileDocument,
  chain: readonly string[],
): readonly SharedCaption[] {
  const owners = new Map<string, string>();
  const found: SharedCaption[] = [];
  for (const value of attribute.values) {
    if (value.deprecated || (value.profiles && !value.profiles.some((one) => chain.includes(one)))) continue;
    for (const prompt of value.prompts) {
      const caption = renderCaption(prompt, profile.noun, profile.plural).toLowerCase();
      const owner = owners.get(caption);
      if (owner === undefined) owners.set(caption, value.id);
      else if (owner !== value.id) found.push({ value: value.id, owner, caption });
    }
  }
  return found;
}
