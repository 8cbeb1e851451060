/** Captions of values and categories: placeholders filled with a noun and its article. */
import type { AttributeValue, Taxonomy } from './types.ts';

/** Vowels by spelling that sound like consonants (a unisex, a one-shoulder), and the other way round (an hour). */
const soundsLikeConsonant = /^(?:uni(?![mn])|uti|us[aeu]|eu|one$|once$)/i;
const soundsLikeVowel = /^(?:[aeiou]|hour|heir|honest)/i;

/** `{item}`: the noun. `{a}`: "a" or "an" for the word that follows, nothing before a plural. */
export function renderCaption(prompt: string, noun: string, plural: boolean): string {
  return prompt
    .replaceAll('{item}', noun)
    .replace(/\{a\}\s*(\w*)/g, (_, word: string) => (plural ? word : `${articleOf(word)} ${word}`))
    .replace(/\s+/g, ' ')
    .trim();
}

function articleOf(word: string): 'a' | 'an' {
  return soundsLikeVowel.test(word) && !soundsLikeConsonant.test(word) ? 'an' : 'a';
}

/** A value's captions under a profile, before the templates. Throws RangeError for an unknown profile. */
export function captionsFor(taxonomy: Taxonomy, value: AttributeValue, profileId: string): readonly string[] {
  const profile = taxonomy.profiles.get(profileId);
  if (!profile) throw new RangeError(`no profile ${profileId}`);
  return value.prompts.map((prompt) => renderCaption(prompt, profile.noun, profile.plural));
}
