/** What two taxonomies mean differently, told by ids: which came, went, and what changed of those that stayed. Pure. */
import type { Attribute, AttributeValue, Category, Profile, Taxonomy } from './types.ts';

/**
 * added, removed: the id came or went, with all below it. renamed: another name. moved: another parent. rescoped: other
 * products, pictures or numbers of values. retired, restored: no longer given, or given again. prompts: other captions.
 * scoring: decided another way. synonyms, mappings, colour (hex and family), description: those. order: the same ones, listed otherwise.
 */
export const changeKinds = [
  'added',
  'removed',
  'renamed',
  'moved',
  'rescoped',
  'retired',
  'restored',
  'prompts',
  'scoring',
  'synonyms',
  'mappings',
  'colour',
  'description',
  'order',
] as const;
export type ChangeKind = (typeof changeKinds)[number];

export const changedThings = ['taxonomy', 'profile', 'category', 'attribute', 'value'] as const;
export type ChangedThing = (typeof changedThings)[number];

export interface TaxonomyChange {
  readonly change: ChangeKind;
  readonly of: ChangedThing;
  /** A value is `<attribute>/<value>`; what holds for the whole taxonomy has the taxonomy's id. */
  readonly id: string;
  /** What of it changed; null where it came or went. */
  readonly field: string | null;
  /** As JSON; null where there is none. */
  readonly before: unknown;
  readonly after: unknown;
}

export interface TaxonomyDiff {
  /** `<id>@<version>`. */
  readonly from: string;
  readonly to: string;
  /** How many there are of each kind that there is. */
  readonly counts: Readonly<Partial<Record<ChangeKind, number>>>;
  readonly changes: readonly TaxonomyChange[];
}

/** What of a thing is compared, and what it is called when it differs. */
type Facet<T> = readonly [change: ChangeKind, field: string, look: (one: T) => unknown];

const ofCategory: readonly Facet<Category>[] = [
  ['renamed', 'name', ({ name }) => name],
  ['moved', 'parent', ({ parent }) => parent],
  ['rescoped', 'profile', ({ profile }) => profile],
  ['prompts', 'noun', ({ noun, plural }) => ({ noun, plural })],
  ['prompts', 'prompts', ({ prompts }) => prompts],
  ['synonyms', 'synonyms', ({ synonyms }) => synonyms],
  ['mappings', 'shopify', ({ shopify }) => shopify],
  ['mappings', 'google', ({ google }) => google],
];

const ofProfile: readonly Facet<Profile>[] = [
  ['moved', 'extends', ({ chain }) => chain.slice(1)],
  ['rescoped', 'attributes', ({ attributes }) => attributes],
  ['prompts', 'noun', ({ noun, plural }) => ({ noun, plural })],
];

const ofAttribute: readonly Facet<Attribute>[] = [
  ['renamed', 'name', ({ name }) => name],
  ['description', 'description', ({ description }) => description],
  ['rescoped', 'scope', ({ scope }) => scope],
  ['rescoped', 'selection', ({ selection }) => selection],
  ['rescoped', 'maxValues', ({ maxValues, selection, values }) => mostValues(maxValues, selection, values)],
  ['rescoped', 'policy', ({ policy }) => policy],
  ['rescoped', 'views', ({ views }) => views],
  ['rescoped', 'presentations', ({ presentations }) => presentations],
  ['rescoped', 'requires', ({ requires }) => requires],
  ['scoring', 'scoring', ({ scoring }) => scoring],
  ['scoring', 'reliability', ({ reliability }) => reliability],
  ['prompts', 'nullPrompts', ({ nullPrompts }) => nullPrompts],
  ['prompts', 'neutralPrompts', ({ neutralPrompts }) => neutralPrompts],
  ['mappings', 'shopify', ({ shopify }) => shopify],
  ['mappings', 'google', ({ google }) => google],
  ['mappings', 'schemaOrg', ({ schemaOrg }) => schemaOrg],
];

const ofValue: readonly Facet<AttributeValue>[] = [
  ['renamed', 'name', ({ name }) => name],
  ['rescoped', 'profiles', ({ profiles }) => profiles],
  ['rescoped', 'categories', ({ categories }) => categories],
  ['prompts', 'prompts', ({ prompts }) => prompts],
  ['synonyms', 'synonyms', ({ synonyms }) => synonyms],
  ['colour', 'hex', ({ hex }) => hex],
  ['colour', 'family', ({ family }) => family],
  ['mappings', 'shopify', ({ shopify }) => shopify],
  ['mappings', 'google', ({ google }) => google],
];

const ofTaxonomy: readonly Facet<Taxonomy>[] = [
  ['prompts', 'templates', ({ templates }) => templates],
  ['prompts', 'siglipTemplates', ({ siglipTemplates }) => siglipTemplates],
  ['prompts', 'rejectPrompts', ({ rejectPrompts }) => rejectPrompts],
  ['colour', 'colorFamilies', ({ colorFamilies }) => Object.fromEntries(colorFamilies)],
];

export function diffTaxonomies(before: Taxonomy, after: Taxonomy): TaxonomyDiff {
  const attributes = matched(before.attributes, after.attributes);
  const changes = [
    ...facets('taxonomy', after.id, ofTaxonomy, before, after),
    ...ordered('taxonomy', after.id, 'categories', before.categories, after.categories),
    ...ordered('taxonomy', after.id, 'attributes', before.attributes, after.attributes),
    ...things('category', ofCategory, before.categories, after.categories),
    ...things('profile', ofProfile, [...before.profiles.values()], [...after.profiles.values()]),
    ...things('attribute', ofAttribute, before.attributes, after.attributes),
    ...attributes.flatMap(([old, now]) => [
      ...ordered('attribute', now.id, 'values', old.values, now.values),
      ...things('value', ofValue, old.values, now.values, `${now.id}/`),
      ...matched(old.values, now.values).flatMap(([was, is]) => retirement(`${now.id}/${is.id}`, was, is)),
    ]),
  ];
  const counts: Partial<Record<ChangeKind, number>> = {};
  for (const { change } of changes) counts[change] = (counts[change] ?? 0) + 1;
  return { from: named(before), to: named(after), counts, changes };
}

const named = ({ id, version }: Taxonomy) => `${id}@${version}`;

interface Named {
  readonly id: string;
}

/** Those that are in both, in the order of the second. */
function matched<T extends Named>(before: readonly T[], after: readonly T[]): readonly (readonly [T, T])[] {
  const old = new Map(before.map((one) => [one.id, one]));
  return after.flatMap((now): (readonly [T, T])[] => {
    const was = old.get(now.id);
    return was ? [[was, now]] : [];
  });
}

function things<T extends Named>(
  of: ChangedThing,
  facetsOf: readonly Facet<T>[],
  before: readonly T[],
  after: readonly T[],
  prefix = '',
): TaxonomyChange[] {
  const came = (change: 'added' | 'removed', one: T) => {
    const name = 'name' in one ? one.name : null;
    const [was, is] = change === 'added' ? [null, name] : [name, null];
    return { change, of, id: `${prefix}${one.id}`, field: null, before: was, after: is };
  };
  const missing = (from: readonly T[], list: readonly T[]) => {
    const ids = new Set(list.map(({ id }) => id));
    return from.filter(({ id }) => !ids.has(id));
  };
  return [
    ...missing(before, after).map((one) => came('removed', one)),
    ...missing(after, before).map((one) => came('added', one)),
    ...matched(before, after).flatMap(([was, is]) => facets(of, `${prefix}${is.id}`, facetsOf, was, is)),
  ];
}

function facets<T>(of: ChangedThing, id: string, list: readonly Facet<T>[], was: T, is: T): TaxonomyChange[] {
  return list.flatMap(([change, field, look]) => {
    const [before, after] = [look(was), look(is)];
    return same(before, after) ? [] : [{ change, of, id, field, before, after }];
  });
}

function retirement(id: string, was: AttributeValue, is: AttributeValue): TaxonomyChange[] {
  const { deprecated: before, replacedBy: oldHeir } = was;
  const { deprecated: after, replacedBy: heir } = is;
  if (before === after && oldHeir === heir) return [];
  const change = after ? 'retired' : 'restored';
  return [{ change, of: 'value', id, field: 'replacedBy', before: oldHeir, after: heir }];
}

/** Where those that are in both follow each other otherwise. */
function ordered(
  of: ChangedThing,
  id: string,
  field: string,
  before: readonly Named[],
  after: readonly Named[],
): TaxonomyChange[] {
  const now = new Set(after.map((one) => one.id));
  const left = before.flatMap((one) => (now.has(one.id) ? [one.id] : []));
  const then = new Set(left);
  const right = after.flatMap((one) => (then.has(one.id) ? [one.id] : []));
  return same(left, right) ? [] : [{ change: 'order', of, id, field, before: left, after: right }];
}

/** "As many as there are" does not change when a value comes. */
function mostValues(most: number, selection: string, values: readonly unknown[]): number | null {
  return selection === 'multi' && most === values.length ? null : most;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
