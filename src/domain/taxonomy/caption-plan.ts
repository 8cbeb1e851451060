/**
 * Which captions stand for what, ready for a text tower: the category captions once, and those of an attribute's values
 * under a profile, whose noun they carry. Nothing here knows vectors.
 */
import { attributesFor, imageAttributes, profileFor, universalProfile } from './applicability.ts';
import { captionsFor, renderCaption } from './prompts.ts';
import type { Attribute, AttributeValue, Profile, Taxonomy } from './types.ts';

export interface CaptionedValue {
  readonly id: string;
  readonly captions: readonly string[];
}

export interface CaptionGroup {
  readonly values: readonly CaptionedValue[];
  /** Pictures of nothing that fits. */
  readonly nulls: readonly string[];
  /** What a value is contrasted with. */
  readonly neutrals: readonly string[];
}

/** Every leaf, and as nulls what no shop sells. Inner nodes add up from their leaves and need no captions. */
export function categoryCaptions(taxonomy: Taxonomy): CaptionGroup {
  return {
    values: taxonomy.categories
      .filter(({ leaf, prompts }) => leaf && prompts.length > 0)
      .map(({ id, prompts, noun, plural }) => ({
        id,
        captions: prompts.map((prompt) => renderCaption(prompt, noun, plural)),
      })),
    nulls: taxonomy.rejectPrompts,
    neutrals: [],
  };
}

/**
 * The groups that are scored under a profile, by attribute: the profile's own, those that an inner category decided
 * under it shares among its leaves, and under the universal one those of single pictures.
 */
export function profileCaptions(taxonomy: Taxonomy, profileId: string): ReadonlyMap<string, CaptionGroup> {
  const profile = taxonomy.profiles.get(profileId);
  if (!profile) throw new RangeError(`no profile ${profileId}`);
  const inner = taxonomy.categories.filter(({ id, leaf }) => !leaf && profileFor(taxonomy, id) === profileId);
  const asked = new Set([
    ...(profileId === universalProfile ? imageAttributes(taxonomy).map(({ id }) => id) : []),
    ...[...profile.attributes, ...inner.flatMap(({ id }) => attributesFor(taxonomy, id))].filter(
      (id) => taxonomy.attributeById.get(id)!.scope !== 'image',
    ),
  ]);
  return new Map([...asked].map((id) => [id, groupOf(taxonomy, taxonomy.attributeById.get(id)!, profile)]));
}

function groupOf(taxonomy: Taxonomy, attribute: Attribute, profile: Profile): CaptionGroup {
  const rendered = (prompts: readonly string[]) =>
    prompts.map((prompt) => renderCaption(prompt, profile.noun, profile.plural));
  return {
    values: attribute.values
      .filter((value) => !value.deprecated && mayApply(taxonomy, value, profile))
      .map((value) => ({ id: value.id, captions: captionsFor(taxonomy, value, profile.id) })),
    nulls: rendered(attribute.nullPrompts),
    neutrals: rendered(attribute.neutralPrompts),
  };
}

/**
 * Whether any product under the profile, or under one that extends it, could have the value: an inner category is
 * decided under a profile that its leaves share, and is asked for the values of all of them.
 */
function mayApply(taxonomy: Taxonomy, value: AttributeValue, profile: Profile): boolean {
  if (value.profiles === null) return true;
  return [...taxonomy.profiles.values()].some(
    ({ chain }) => chain.includes(profile.id) && chain.some((id) => value.profiles!.includes(id)),
  );
}

/** A caption in each of the first `count` templates of the model's family. */
export function inTemplates(caption: string, templates: readonly string[]): readonly string[] {
  return templates.map((template) => template.replaceAll('{caption}', caption));
}

/** Every caption of a group, once each. */
export function captionsOf({ values, nulls, neutrals }: CaptionGroup): readonly string[] {
  return [...new Set([...values.flatMap(({ captions }) => captions), ...nulls, ...neutrals])];
}
