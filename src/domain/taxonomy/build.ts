/** Checked documents to the Taxonomy that everything else uses. Assumes `findProblems` found none. */
import type { AttributeDocument, Documents, ValueDocument } from './documents.ts';
import type { Attribute, AttributeValue, Category, Mapping, Profile, Taxonomy } from './types.ts';

export function buildTaxonomy(documents: Documents, contentHash: string): Taxonomy {
  const { taxonomy } = documents;
  const categories = buildCategories(documents);
  const profiles = new Map(Object.keys(documents.profiles).map((id) => [id, buildProfile(documents, id)]));
  const attributes = taxonomy.attributes.map((id) =>
    buildAttribute(documents, id, documents.attributes[id]!),
  );
  return {
    id: taxonomy.id,
    version: taxonomy.version,
    contentHash,
    templates: taxonomy.templates,
    siglipTemplates: taxonomy.siglip_templates,
    rejectPrompts: taxonomy.reject_prompts,
    categories,
    categoryById: new Map(categories.map((category) => [category.id, category])),
    profiles,
    attributes,
    attributeById: new Map(attributes.map((attribute) => [attribute.id, attribute])),
    colorFamilies: new Map(Object.entries(taxonomy.color_families)),
  };
}

function buildCategories({ categories, shopify, google }: Documents): Category[] {
  const parents = new Map(categories.map((category) => [category.id, category.parent]));
  const pathOf = (id: string): string[] => {
    const parent = parents.get(id);
    return parent ? [...pathOf(parent), id] : [id];
  };
  return categories.map((category) => {
    const children = categories.filter((other) => other.parent === category.id).map((other) => other.id);
    const mapped = shopify.categories[category.id];
    return {
      ...category,
      leaf: children.length === 0,
      path: pathOf(category.id),
      children,
      profile: category.profile ?? null,
      shopify: mapped ? { gid: mapped.gid, match: mapped.match } : null,
      google: google.categories[category.id]?.id ?? null,
    };
  });
}

/** The profile and all it extends, nearest first. */
export function profileChain(profiles: Documents['profiles'], id: string): string[] {
  const chain: string[] = [];
  for (
    let next: string | null = id;
    next !== null && !chain.includes(next);
    next = profiles[next]?.extends ?? null
  ) {
    chain.push(next);
  }
  return chain;
}

/** Attributes of the root first, then what each profile on the way adds, less what it takes away. */
export function profileAttributes(profiles: Documents['profiles'], id: string): string[] {
  const found: string[] = [];
  for (const one of profileChain(profiles, id).reverse()) {
    const { attributes = [], without = [] } = profiles[one] ?? {};
    for (const gone of without) if (found.includes(gone)) found.splice(found.indexOf(gone), 1);
    for (const more of attributes) if (!found.includes(more)) found.push(more);
  }
  return found;
}

function buildProfile({ profiles }: Documents, id: string): Profile {
  const { noun, plural } = profiles[id]!;
  return { id, noun, plural, chain: profileChain(profiles, id), attributes: profileAttributes(profiles, id) };
}

function buildAttribute(documents: Documents, id: string, document: AttributeDocument): Attribute {
  const { shopify, google, schemaOrg } = documents;
  const values = document.values.map((value) => buildValue(documents, id, value));
  return {
    id,
    name: document.name,
    description: document.description,
    scope: document.scope,
    selection: document.selection,
    maxValues: document.selection === 'single' ? 1 : (document.max_values ?? values.length),
    scoring: document.scoring,
    reliability: document.reliability,
    policy: document.policy,
    views: document.views ?? null,
    presentations: document.presentations ?? null,
    requires: document.requires.map(({ attribute, any_of }) => ({ attribute, anyOf: any_of })),
    nullPrompts: document.null_prompts,
    neutralPrompts: document.neutral_prompts,
    values,
    valueById: new Map(values.map((value) => [value.id, value])),
    shopify: shopify.attributes[id] ?? [],
    google: google.attributes[id] ?? null,
    schemaOrg: schemaOrg.attributes[id] ?? null,
  };
}

function buildValue(
  { shopify, google }: Documents,
  attributeId: string,
  value: ValueDocument,
): AttributeValue {
  const address = `${attributeId}/${value.id}`;
  const mappings = (shopify.values[address]?.values ?? []).map(
    ({ gid, match, handle }): Mapping => ({ gid, match, ...(handle ? { handle } : {}) }),
  );
  return {
    id: value.id,
    name: value.name,
    prompts: value.prompts,
    synonyms: value.synonyms,
    hex: value.hex?.toLowerCase() ?? null,
    family: value.family ?? null,
    profiles: value.profiles ?? null,
    categories: value.categories ?? null,
    deprecated: value.deprecated,
    replacedBy: value.replaced_by ?? null,
    shopify: mappings,
    google: google.values[address] ?? null,
  };
}
