/** Captions of values and categories: placeholders filled with a noun and its article. */
import type { AttributeValue, Taxonomy } from './types.ts';

/** `{item}`: the noun. `{a}`: "a" or "an" for the word that follows, nothing before a plural. */
export function renderCaption(prompt: string, noun: string, plural: boolean): string {
  return prompt
    .replaceAll('{item}', noun)
    .replace(/\{a\}\s*(\w?)/g, (_, first: string) =>
      plural ? first : `${/[aeiou]/i.test(first) ? 'an' : 'a'} ${first}`,
    )
    .replace(/\s+/g, ' ')
    .trim();
}

/** A value's captions under a profile, before the templates. Throws RangeError for an unknown profile. */
export function captionsFor(taxonomy: Taxonomy, value: AttributeValue, profileId: string): readonly string[] {
  const profile = taxonomy.profiles.get(profileId);
  if (!profile) throw new RangeError(`no profile ${profileId}`);
  return value.prompts.map((prompt) => renderCaption(prompt, profile.noun, profile.plural));
}
