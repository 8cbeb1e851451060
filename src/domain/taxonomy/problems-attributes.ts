/** What can be wrong inside the attributes: values, references, colours. */
import type { AttributeDocument, ReadDocuments } from './documents.ts';
import type { Known } from './known.ts';
import { duplicates, type Report } from './report.ts';

export function attributeProblems(documents: ReadDocuments, known: Known, report: Report): void {
  for (const [id, attribute] of Object.entries(documents.attributes)) {
    if (attribute === null) continue;
    const file = `attributes/${id}.yaml`;
    selectionProblems(file, attribute, report);
    valueProblems(file, attribute, known, report);
    referenceProblems(file, attribute, known, report);
  }
  colorProblems(documents, report);
}

function selectionProblems(file: string, attribute: AttributeDocument, report: Report): void {
  const { selection, max_values: most, values } = attribute;
  if (selection === 'single' && most !== undefined)
    report(file, 'max_values', 'makes no sense for selection: single');
  if (most !== undefined && most > values.length)
    report(file, 'max_values', `is ${most}, but there are only ${values.length} values`);
  if (attribute.scoring === 'binary-contrast' && attribute.neutral_prompts.length === 0)
    report(file, 'neutral_prompts', 'binary-contrast needs something to contrast with');
}

function valueProblems(file: string, { values }: AttributeDocument, known: Known, report: Report): void {
  for (const id of duplicates(values.map((value) => value.id)))
    report(file, `values.${id}`, 'the id is used twice');
  for (const value of values) {
    const path = `values.${value.id}`;
    for (const profile of value.profiles ?? []) {
      if (!known.profile(profile)) report(file, `${path}.profiles`, `there is no profile ${profile}`);
    }
    for (const category of value.categories ?? []) {
      if (!known.category(category)) report(file, `${path}.categories`, `there is no category ${category}`);
    }
    if (!value.deprecated && value.prompts.length === 0)
      report(file, `${path}.prompts`, 'a live value needs a prompt');
    if (value.replaced_by === undefined) continue;
    const heir = values.find((other) => other.id === value.replaced_by);
    if (!value.deprecated) report(file, `${path}.replaced_by`, 'only a deprecated value is replaced');
    if (!heir || heir.deprecated)
      report(file, `${path}.replaced_by`, `${value.replaced_by} is not a live value`);
  }
}

function referenceProblems(file: string, attribute: AttributeDocument, known: Known, report: Report): void {
  for (const { attribute: other, any_of } of attribute.requires) {
    if (!known.attribute(other)) {
      report(file, 'requires', `there is no attribute ${other}`);
      continue;
    }
    for (const id of any_of)
      if (!known.value(other, id)) report(file, 'requires', `${other} has no value ${id}`);
  }
  for (const [key, list, source] of [
    ['views', attribute.views, 'image-view'],
    ['presentations', attribute.presentations, 'presentation'],
  ] as const) {
    for (const id of list ?? [])
      if (!known.value(source, id)) report(file, key, `${source} has no value ${id}`);
  }
}

/** Families are told twice, by the colours and by taxonomy.yaml: both must say the same. */
function colorProblems({ taxonomy, attributes }: ReadDocuments, report: Report): void {
  const color = attributes.color;
  if (!color) return;
  const file = 'attributes/color.yaml';
  const families = taxonomy && new Map(Object.entries(taxonomy.color_families));
  for (const [family, ids] of families ?? []) {
    for (const id of ids) {
      const value = color.values.find((one) => one.id === id);
      if (!value) report('taxonomy.yaml', `color_families.${family}`, `color has no value ${id}`);
      else if (value.family !== undefined && value.family !== family)
        report(file, `values.${id}.family`, `is ${value.family}, but taxonomy.yaml lists it under ${family}`);
    }
  }
  for (const { id, family } of color.values) {
    const path = `values.${id}.family`;
    if (family === undefined) report(file, path, 'a colour needs a family');
    else if (families && !families.get(family)?.includes(id))
      report(file, path, `taxonomy.yaml does not list it under ${family}`);
  }
}
