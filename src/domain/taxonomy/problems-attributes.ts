/** What can be wrong inside the attributes: values, references, colours, and the wording of prompts. */
import type { AttributeDocument, Documents } from './documents.ts';
import { renderCaption } from './prompts.ts';
import { duplicates, type Report } from './report.ts';

/** CLIP-like models largely ignore negation (NegBench, arXiv 2501.09425), so a prompt never relies on it. */
const negation = /\b(no|not|without|never|instead of)\b/i;
/** The name of a sock, not a negation. */
const allowedNegation = /\bno-show\b/gi;

export function attributeProblems(documents: Documents, report: Report): void {
  for (const [id, attribute] of Object.entries(documents.attributes)) {
    const file = `attributes/${id}.yaml`;
    valueProblems(documents, file, attribute, report);
    referenceProblems(documents, file, attribute, report);
    wordingProblems(file, attribute, report);
    sharedCaptions(documents, file, attribute, report);
  }
  colorProblems(documents, report);
}

function valueProblems(
  { profiles, categories }: Documents,
  file: string,
  attribute: AttributeDocument,
  report: Report,
): void {
  const ids = attribute.values.map((value) => value.id);
  const nodes = new Set(categories.map((category) => category.id));
  for (const id of duplicates(ids)) report(file, `values.${id}`, 'the id is used twice');
  if (attribute.selection === 'single' && attribute.max_values !== undefined) {
    report(file, 'max_values', 'makes no sense for selection: single');
  }
  if (attribute.scoring === 'binary-contrast' && attribute.neutral_prompts.length === 0) {
    report(file, 'neutral_prompts', 'binary-contrast needs something to contrast with');
  }
  for (const value of attribute.values) {
    const path = `values.${value.id}`;
    for (const profile of value.profiles ?? []) {
      if (!profiles[profile]) report(file, `${path}.profiles`, `there is no profile ${profile}`);
    }
    for (const category of value.categories ?? []) {
      if (!nodes.has(category)) report(file, `${path}.categories`, `there is no category ${category}`);
    }
    if (!value.deprecated && value.prompts.length === 0)
      report(file, `${path}.prompts`, 'a live value needs a prompt');
    if (value.replaced_by === undefined) continue;
    const heir = attribute.values.find((other) => other.id === value.replaced_by);
    if (!value.deprecated) report(file, `${path}.replaced_by`, 'only a deprecated value is replaced');
    if (!heir || heir.deprecated)
      report(file, `${path}.replaced_by`, `${value.replaced_by} is not a live value`);
  }
}

function referenceProblems(
  { attributes }: Documents,
  file: string,
  attribute: AttributeDocument,
  report: Report,
): void {
  const known = (id: string) => new Set(attributes[id]?.values.map((value) => value.id));
  for (const { attribute: other, any_of } of attribute.requires) {
    if (!attributes[other]) report(file, 'requires', `there is no attribute ${other}`);
    else
      for (const id of any_of)
        if (!known(other).has(id)) report(file, 'requires', `${other} has no value ${id}`);
  }
  for (const [key, list, source] of [
    ['views', attribute.views, 'image-view'],
    ['presentations', attribute.presentations, 'presentation'],
  ] as const) {
    for (const id of list ?? [])
      if (!known(source).has(id)) report(file, key, `${source} has no value ${id}`);
  }
}

function wordingProblems(file: string, attribute: AttributeDocument, report: Report): void {
  const prompts = [
    ...attribute.null_prompts.map((prompt, index) => [`null_prompts.${index}`, prompt] as const),
    ...attribute.neutral_prompts.map((prompt, index) => [`neutral_prompts.${index}`, prompt] as const),
    ...attribute.values.flatMap((value) =>
      value.prompts.map((prompt, index) => [`values.${value.id}.prompts.${index}`, prompt] as const),
    ),
  ];
  for (const [path, prompt] of prompts) {
    const unknown = [...prompt.matchAll(/\{([^}]*)\}/g)]
      .map((match) => match[1]!)
      .filter((name) => name !== 'a' && name !== 'item');
    for (const name of unknown)
      report(file, path, `the placeholder {${name}} is not known: {a} and {item} are`);
    if (negation.test(prompt.replace(allowedNegation, '')))
      report(file, path, `negates: ${JSON.stringify(prompt)}`);
  }
}

/** Two values with the same caption cannot be told apart. The noun does not matter: it is the same for both. */
function sharedCaptions(_: Documents, file: string, attribute: AttributeDocument, report: Report): void {
  const owners = new Map<string, { readonly id: string; readonly profiles: readonly string[] | undefined }>();
  for (const value of attribute.values.filter((one) => !one.deprecated)) {
    for (const prompt of value.prompts) {
      const caption = renderCaption(prompt, 'product', false).toLowerCase();
      const owner = owners.get(caption);
      const together =
        !owner?.profiles || !value.profiles || owner.profiles.some((one) => value.profiles!.includes(one));
      if (owner && owner.id !== value.id && together) {
        report(
          file,
          `values.${value.id}.prompts`,
          `shares the caption ${JSON.stringify(caption)} with ${owner.id}`,
        );
      }
      owners.set(caption, { id: value.id, profiles: value.profiles });
    }
  }
}

function colorProblems({ taxonomy, attributes }: Documents, report: Report): void {
  const values = attributes.color?.values ?? [];
  for (const [family, ids] of Object.entries(taxonomy.color_families)) {
    for (const id of ids) {
      const value = values.find((one) => one.id === id);
      if (!value) report('taxonomy.yaml', `color_families.${family}`, `color has no value ${id}`);
      else if (value.family !== family) {
        report(
          'attributes/color.yaml',
          `values.${id}.family`,
          `is ${value.family}, but taxonomy.yaml lists it under ${family}`,
        );
      }
    }
  }
  for (const { id, family } of values) {
    if (family === undefined)
      report('attributes/color.yaml', `values.${id}.family`, 'a colour needs a family');
    else if (!taxonomy.color_families[family]?.includes(id)) {
      report(
        'attributes/color.yaml',
        `values.${id}.family`,
        `taxonomy.yaml does not list it under ${family}`,
      );
    }
  }
}
