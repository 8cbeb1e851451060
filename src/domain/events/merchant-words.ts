/**
 * What the merchant says, over what a model decided. Of a person's word and the merchant's the later one stands. Each run says everything
 * anew, from the shop's latest statements, so a word that was taken back is gone by itself.
 */
import { pointerKey } from '../review/refusal.ts';
import { isSaid } from '../tagging/bars.ts';
import type {
  CategoryDecision,
  DecidedValue,
  Decision,
  TagSet,
  VariantTags,
  Warning,
} from '../tagging/types.ts';
import { resolveCategory } from '../taxonomy/resolve-category.ts';
import type { Attribute, Taxonomy } from '../taxonomy/types.ts';
import type { CatalogWord } from './catalog-event.ts';
import type { CatalogState, Stated, StatedWords } from './catalog-state.ts';
import { valueMeant } from './words.ts';

export interface Spoken<T> {
  readonly said: T;
  readonly warnings: readonly Warning[];
}

/** The TagSet without the merchant's words on attributes: they are said anew afterwards. */
export function withoutMerchantWords(tagSet: TagSet): TagSet {
  const less = (attributes: Readonly<Record<string, Decision>>) =>
    Object.fromEntries(
      Object.entries(attributes).flatMap(([id, decision]): [string, Decision][] => {
        if (decision.source !== 'merchant') return [[id, decision]];
        // What people barred was theirs.
        return decision.rejected.length > 0 ? [[id, barredOnly(decision)]] : [];
      }),
    );
  const variants = tagSet.variants.map((one) => ({ ...one, attributes: less(one.attributes) }));
  return { ...tagSet, attributes: less(tagSet.attributes), variants };
}

/**
 * The category that is not the model's to decide: a person's or the merchant's, whichever was said later; null where neither says
 * one. `standing`: what the TagSet has.
 */
export function saidCategory(
  taxonomy: Taxonomy,
  { category: stated, categorised }: CatalogState,
  standing: CategoryDecision | null,
): Spoken<CategoryDecision | null> {
  const theirs = standing && isSaid(standing) ? standing : null;
  // A shop that never named one takes none back: a request's stays.
  if (stated?.value === null && !categorised) return { said: theirs, warnings: [] };
  if (!stated || (theirs && isOlder(stated, theirs))) return { said: theirs, warnings: [] };
  const { value, moment } = stated;
  const node = value === null ? undefined : taxonomy.categoryById.get(resolveCategory(taxonomy, value) ?? '');
  if (node) {
    const values = [{ id: node.id, name: node.name, path: node.path, confidence: null }];
    return { said: { ...decided(values, moment.at, standing ?? undefined), values }, warnings: [] };
  }
  const said = theirs?.source === 'human' ? theirs : null;
  if (value === null) return { said, warnings: [] };
  const detail = `The category ${quoted(value)} is not in the taxonomy; it was decided from the images.`;
  return { said, warnings: [{ code: 'category.unknown', detail, pointer: '/category' }] };
}

/** The TagSet with every word that is later than a person's. */
export function withMerchantWords(
  taxonomy: Taxonomy,
  tagSet: TagSet,
  { words }: CatalogState,
): Spoken<TagSet> {
  const attributes = { ...tagSet.attributes };
  const variants = new Map<string, VariantTags>(tagSet.variants.map((one) => [one.key, one]));
  const warnings: Warning[] = [];
  for (const one of words) {
    const attribute = taxonomy.attributeById.get(one.attribute);
    if (!attribute || attribute.scope === 'image') {
      if (one.value !== null) warnings.push(unknownAttribute(one));
      continue;
    }
    if (one.value === null) continue;
    if (one.variant !== null && attribute.scope !== 'variant') {
      warnings.push(sharedAttribute(one));
      continue;
    }
    const place = one.variant === null ? attributes : { ...variants.get(one.variant)?.attributes };
    const before = place[attribute.id];
    if (before && before.source === 'human' && isSaid(before) && isOlder(one, before)) continue;
    place[attribute.id] = decision(attribute, one, one.value, before, warnings);
    if (one.variant !== null) {
      const known = variants.get(one.variant) ?? { key: one.variant, images: [], attributes: {} };
      variants.set(one.variant, { ...known, attributes: place });
    }
  }
  const notSupported = tagSet.provenance.notSupported.filter((id) => !attributes[id]);
  const provenance = { ...tagSet.provenance, notSupported };
  return { said: { ...tagSet, attributes, variants: [...variants.values()], provenance }, warnings };
}

function decision(
  attribute: Attribute,
  { variant, moment }: StatedWords,
  words: readonly CatalogWord[],
  before: Decision | undefined,
  warnings: Warning[],
): Decision {
  const values = new Map<string, DecidedValue>();
  for (const { label, verbatim } of words) {
    const value = valueMeant(attribute, label);
    const name = verbatim || !value ? label : value.name;
    if (!value) warnings.push(unknownValue(attribute, label, variant));
    const key = value?.id ?? `label ${label}`;
    if (!values.has(key)) values.set(key, { id: value?.id ?? null, name, confidence: null });
  }
  return decided([...values.values()], moment.at, before);
}

function decided(
  values: readonly DecidedValue[],
  at: string,
  before: Pick<Decision, 'rejected'> | undefined,
): Decision {
  return {
    status: values.length > 0 ? 'accepted' : 'cleared',
    source: 'merchant',
    values,
    threshold: null,
    candidates: [],
    rejected: before?.rejected ?? [],
    reviewed: { by: null, at },
  };
}

/** A person's bar where the merchant's word stood, until the model answers again. */
function barredOnly(before: Decision): Decision {
  return {
    ...before,
    status: 'abstained',
    reason: 'ambiguous',
    source: 'human',
    values: [],
    candidates: [],
  };
}

/** Whether it was said before what a person or the merchant said there. */
function isOlder({ moment }: Stated<unknown>, { reviewed }: Pick<Decision, 'reviewed'>): boolean {
  return reviewed !== null && moment.at < reviewed.at;
}

function unknownAttribute({ attribute }: StatedWords): Warning {
  const detail = `${quoted(attribute)} is not an attribute of products; it was left aside.`;
  return { code: 'attribute.unknown', detail, pointer: `/attributes/${pointerKey(attribute)}` };
}

function sharedAttribute({ attribute, variant }: StatedWords): Warning {
  const detail = `${attribute} is shared by all variants; what was said of ${quoted(variant ?? '')} alone was left aside.`;
  return { code: 'attribute.shared', detail, pointer: `/attributes/${pointerKey(attribute)}` };
}

function unknownValue({ id }: Attribute, label: string, variant: string | null): Warning {
  const of = variant === null ? '' : ` of ${quoted(variant)}`;
  const detail = `${quoted(label)}${of} is not a value of ${id} that the taxonomy knows; it is kept as it was written.`;
  return { code: 'attribute.value_unknown', detail, pointer: `/attributes/${pointerKey(id)}` };
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
