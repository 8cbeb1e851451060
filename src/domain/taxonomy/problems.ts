/** Everything that structure cannot say: references, the tree, placeholders, wording. Every problem, never only the first. */
import type { ReadDocuments, TaxonomyProblem } from './documents.ts';
import { type Known, whatIsKnown } from './known.ts';
import { attributeProblems } from './problems-attributes.ts';
import { captionProblems } from './problems-captions.ts';
import { coverageProblems, profileProblems, treeProblems } from './problems-tree.ts';
import { wordingProblems } from './problems-wording.ts';
import { duplicates, type Report } from './report.ts';

/** All that is wrong with what could be read, in the order of the files. Empty for a sound taxonomy. */
export function findProblems(documents: ReadDocuments): readonly TaxonomyProblem[] {
  const problems: TaxonomyProblem[] = [];
  const report: Report = (file, path, message) => problems.push({ file, path, message });
  const known = whatIsKnown(documents);
  headProblems(documents, known, report);
  treeProblems(documents, known, report);
  profileProblems(documents, known, report);
  attributeProblems(documents, known, report);
  wordingProblems(documents, report);
  captionProblems(documents, report);
  coverageProblems(documents, report);
  mappingProblems(documents, known, report);
  return problems;
}

/** Attributes of single pictures that others are gated by (`views`, `presentations`). */
const gates = ['image-view', 'presentation'];

function headProblems({ taxonomy, attributes }: ReadDocuments, known: Known, report: Report): void {
  if (taxonomy === null) return;
  const file = 'taxonomy.yaml';
  for (const id of duplicates(taxonomy.attributes)) report(file, 'attributes', `${id} is listed twice`);
  for (const id of taxonomy.attributes) {
    if (!Object.hasOwn(attributes, id)) report(file, 'attributes', `${id} has no file attributes/${id}.yaml`);
  }
  for (const id of Object.keys(attributes)) {
    if (!taxonomy.attributes.includes(id))
      report(`attributes/${id}.yaml`, '', 'is not listed in taxonomy.yaml');
  }
  for (const id of gates) {
    if (!known.attribute(id)) report(file, 'attributes', `${id} is missing: it gates others`);
    const scope = attributes[id]?.scope ?? 'image';
    if (scope !== 'image') report(`attributes/${id}.yaml`, 'scope', `is ${scope}, but it gates by picture`);
  }
  for (const [scope, ids] of Object.entries(taxonomy.scopes)) {
    for (const id of ids)
      if (!known.category(id)) report(file, `scopes.${scope}`, `there is no category ${id}`);
  }
}

function mappingProblems({ shopify, google, schemaOrg }: ReadDocuments, known: Known, report: Report): void {
  const value = (address: string) => {
    const [attribute = '', id = '', ...more] = address.split('/');
    return more.length === 0 && id !== '' && known.attribute(attribute) && known.value(attribute, id);
  };
  const parts = { categories: known.category, attributes: known.attribute, values: value };
  for (const [name, mapping] of [
    ['shopify', shopify],
    ['google', google],
    ['schema-org', schemaOrg],
  ] as const) {
    for (const [part, entries] of Object.entries(mapping ?? {})) {
      for (const key of Object.keys(entries)) {
        if (!parts[part as keyof typeof parts](key))
          report(`mappings/${name}.yaml`, `${part}.${key}`, 'maps something that is not there');
      }
    }
  }
}
