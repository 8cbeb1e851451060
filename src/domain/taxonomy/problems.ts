/** Everything that structure cannot say: references, the tree, placeholders, wording. Every problem, never only the first. */
import { profileAttributes, profileChain } from './build.ts';
import type { Documents, TaxonomyProblem } from './documents.ts';
import { attributeProblems } from './problems-attributes.ts';
import { duplicates, type Report } from './report.ts';

export function findProblems(documents: Documents): readonly TaxonomyProblem[] {
  const problems: TaxonomyProblem[] = [];
  const report: Report = (file, path, message) => problems.push({ file, path, message });
  headProblems(documents, report);
  treeProblems(documents, report);
  profileProblems(documents, report);
  // The rest walks parents and profiles: it needs a tree that is one.
  if (problems.length === 0) {
    attributeProblems(documents, report);
    coverageProblems(documents, report);
  }
  mappingProblems(documents, report);
  return problems;
}

function headProblems({ taxonomy, attributes, categories }: Documents, report: Report): void {
  const file = 'taxonomy.yaml';
  for (const id of duplicates(taxonomy.attributes)) report(file, 'attributes', `${id} is listed twice`);
  for (const id of taxonomy.attributes) {
    if (!attributes[id]) report(file, 'attributes', `${id} has no file attributes/${id}.yaml`);
  }
  for (const id of Object.keys(attributes)) {
    if (!taxonomy.attributes.includes(id))
      report(`attributes/${id}.yaml`, '', 'is not listed in taxonomy.yaml');
  }
  const known = new Set(categories.map((category) => category.id));
  for (const [scope, ids] of Object.entries(taxonomy.scopes)) {
    for (const id of ids) if (!known.has(id)) report(file, `scopes.${scope}`, `there is no category ${id}`);
  }
  for (const [key, list] of [
    ['templates', taxonomy.templates],
    ['siglip_templates', taxonomy.siglip_templates],
  ] as const) {
    list.forEach((template, index) => {
      if (!template.includes('{caption}')) report(file, `${key}.${index}`, 'lacks {caption}');
    });
  }
}

function treeProblems({ categories, profiles }: Documents, report: Report): void {
  const file = 'categories.yaml';
  const byId = new Map(categories.map((category) => [category.id, category]));
  for (const id of duplicates(categories.map((category) => category.id)))
    report(file, id, 'the id is used twice');
  for (const { id, parent, profile } of categories) {
    if (parent !== null && !byId.has(parent)) report(file, `${id}.parent`, `there is no category ${parent}`);
    const trail = [id];
    for (let up = parent; up !== null; up = byId.get(up)?.parent ?? null) {
      if (trail.includes(up)) {
        report(file, `${id}.parent`, `goes round in a circle: ${[...trail, up].join(' > ')}`);
        break;
      }
      trail.push(up);
    }
    const leaf = !categories.some((other) => other.parent === id);
    if (leaf && profile === undefined) report(file, id, 'a leaf needs a profile');
    if (!leaf && profile !== undefined) report(file, `${id}.profile`, 'only a leaf has a profile');
    if (profile !== undefined && !profiles[profile])
      report(file, `${id}.profile`, `there is no profile ${profile}`);
    else if (profile !== undefined && profiles[profile]?.abstract) {
      report(file, `${id}.profile`, `the profile ${profile} is abstract`);
    }
  }
}

function profileProblems({ profiles, attributes }: Documents, report: Report): void {
  const file = 'profiles.yaml';
  if (!profiles.universal) report(file, 'universal', 'the profile of everything is missing');
  for (const [id, profile] of Object.entries(profiles)) {
    if (profile.extends !== null && !profiles[profile.extends]) {
      report(file, `${id}.extends`, `there is no profile ${profile.extends}`);
    }
    const last = profileChain(profiles, id).at(-1)!;
    if (profiles[last]?.extends !== null && profiles[profiles[last]?.extends ?? '']) {
      report(file, `${id}.extends`, 'goes round in a circle');
    }
    for (const attribute of [...profile.attributes, ...profile.without]) {
      if (!attributes[attribute]) report(file, `${id}.attributes`, `there is no attribute ${attribute}`);
      else if (attributes[attribute].scope === 'image') {
        report(
          file,
          `${id}.attributes`,
          `${attribute} is an attribute of pictures: it applies everywhere already`,
        );
      }
    }
  }
}

/** What can be asked must be answerable: every attribute that applies to a leaf leaves it at least two values. */
function coverageProblems({ categories, profiles, attributes }: Documents, report: Report): void {
  const parents = new Map(categories.map((category) => [category.id, category.parent]));
  for (const { id, profile } of categories) {
    if (profile === undefined) continue;
    const chain = profileChain(profiles, profile);
    const path = [id];
    for (let up = parents.get(id) ?? null; up !== null; up = parents.get(up) ?? null) path.push(up);
    for (const attribute of profileAttributes(profiles, profile)) {
      const live = attributes[attribute]!.values.filter(
        (value) =>
          !value.deprecated &&
          (!value.profiles || value.profiles.some((one) => chain.includes(one))) &&
          (!value.categories || value.categories.some((one) => path.includes(one))),
      );
      if (live.length < 2) {
        report(
          `attributes/${attribute}.yaml`,
          'values',
          `leaves ${live.length} value(s) for the category ${id}`,
        );
      }
    }
  }
}

function mappingProblems(
  { categories, attributes, shopify, google, schemaOrg }: Documents,
  report: Report,
): void {
  const nodes = new Set(categories.map((category) => category.id));
  const values = new Set(
    Object.entries(attributes).flatMap(([id, attribute]) =>
      attribute.values.map((value) => `${id}/${value.id}`),
    ),
  );
  const check = (file: string, part: string, keys: readonly string[], known: (key: string) => boolean) => {
    for (const key of keys)
      if (!known(key)) report(`mappings/${file}`, `${part}.${key}`, 'maps something that is not there');
  };
  for (const [file, mapping] of [
    ['shopify.yaml', shopify],
    ['google.yaml', google],
  ] as const) {
    check(file, 'categories', Object.keys(mapping.categories), (key) => nodes.has(key));
    check(file, 'attributes', Object.keys(mapping.attributes), (key) => attributes[key] !== undefined);
    check(file, 'values', Object.keys(mapping.values), (key) => values.has(key));
  }
  check(
    'schema-org.yaml',
    'attributes',
    Object.keys(schemaOrg.attributes),
    (key) => attributes[key] !== undefined,
  );
}
