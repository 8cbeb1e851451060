/** What can be wrong with the category tree, the profiles, and how they meet the attributes. */
import { profileAttributes, profileChain } from './build.ts';
import type { CategoryDocument, Documents, ReadDocuments } from './documents.ts';
import type { Known } from './known.ts';
import { duplicates, type Report } from './report.ts';

export function treeProblems({ categories, profiles }: ReadDocuments, known: Known, report: Report): void {
  if (categories === null) return;
  const file = 'categories.yaml';
  const byId = new Map(categories.map((category) => [category.id, category]));
  const inner = new Set(categories.map((category) => category.parent));
  for (const id of duplicates(categories.map((category) => category.id)))
    report(file, id, 'the id is used twice');
  for (const { id, parent, profile } of categories) {
    if (parent !== null && !known.category(parent))
      report(file, `${id}.parent`, `there is no category ${parent}`);
    const round = circle(id, (one) => byId.get(one)?.parent ?? null);
    if (round) report(file, `${id}.parent`, `goes round in a circle: ${round.join(' > ')}`);
    if (!inner.has(id) && profile === undefined) report(file, id, 'a leaf needs a profile');
    if (inner.has(id) && profile !== undefined) report(file, `${id}.profile`, 'only a leaf has a profile');
    if (profile === undefined) continue;
    if (!known.profile(profile)) report(file, `${id}.profile`, `there is no profile ${profile}`);
    else if (profiles?.[profile]?.abstract)
      report(file, `${id}.profile`, `the profile ${profile} is abstract`);
  }
}

export function profileProblems({ profiles, attributes }: ReadDocuments, known: Known, report: Report): void {
  if (profiles === null) return;
  const file = 'profiles.yaml';
  if (!known.profile('universal')) report(file, 'universal', 'the profile of everything is missing');
  for (const [id, profile] of Object.entries(profiles)) {
    if (profile.extends !== null && !known.profile(profile.extends))
      report(file, `${id}.extends`, `there is no profile ${profile.extends}`);
    const round = circle(id, (one) => profiles[one]?.extends ?? null);
    if (round) report(file, `${id}.extends`, `goes round in a circle: ${round.join(' > ')}`);
    for (const attribute of duplicates(profile.attributes))
      report(file, `${id}.attributes`, `${attribute} is listed twice`);
    for (const key of ['attributes', 'without'] as const) {
      for (const attribute of new Set(profile[key])) {
        if (!known.attribute(attribute)) report(file, `${id}.${key}`, `there is no attribute ${attribute}`);
        else if (attributes[attribute]?.scope === 'image')
          report(file, `${id}.${key}`, `${attribute} is decided per picture: it applies everywhere already`);
      }
    }
  }
}

/**
 * What can be asked must be answerable: every attribute that applies to a leaf leaves it at least two values.
 * Leaves whose way up is broken are passed over: that is reported already.
 */
export function coverageProblems({ categories, profiles, attributes }: ReadDocuments, report: Report): void {
  if (categories === null || profiles === null) return;
  for (const { id, profile } of categories) {
    const path = pathUp(categories, id);
    const chain = profile === undefined ? null : wholeChain(profiles, profile);
    if (path === null || chain === null) continue;
    for (const attribute of profileAttributes(profiles, chain[0]!)) {
      const live = attributes[attribute]?.values.filter(
        (value) =>
          !value.deprecated &&
          (!value.profiles || value.profiles.some((one) => chain.includes(one))) &&
          (!value.categories || value.categories.some((one) => path.includes(one))),
      );
      if (live && live.length < 2) {
        const file = `attributes/${attribute}.yaml`;
        report(file, 'values', `leaves ${live.length} value(s) for the category ${id}`);
      }
    }
  }
}

/** The way from an id back to itself, or null where it does not come back. */
function circle(id: string, next: (id: string) => string | null): readonly string[] | null {
  const trail = [id];
  for (let up = next(id); up !== null; up = next(up)) {
    if (up === id) return [...trail, id];
    if (trail.includes(up)) return null;
    trail.push(up);
  }
  return null;
}

/** The node and all above it, or null where a parent is missing or the way goes round. */
function pathUp(categories: readonly CategoryDocument[], id: string): readonly string[] | null {
  const path: string[] = [];
  for (let up: string | null = id; up !== null; ) {
    const wanted: string = up;
    const found = categories.find((category) => category.id === wanted);
    if (!found || path.includes(wanted)) return null;
    path.push(wanted);
    up = found.parent;
  }
  return path;
}

/** The profile and all it extends, or null where one is missing or they go round. */
function wholeChain(profiles: Documents['profiles'], id: string): readonly string[] | null {
  const chain = profileChain(profiles, id);
  return profiles[chain.at(-1)!]?.extends === null ? chain : null;
}
