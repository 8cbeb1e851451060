/** What can be wrong with the wording of any text that a model reads: placeholders and negation. */
import type { ReadDocuments } from './documents.ts';
import type { Report } from './report.ts';

/** CLIP-like models largely ignore negation (NegBench, arXiv 2501.09425), so no text relies on it. */
const negation = /\b(no|not|without|never|instead of)\b/i;
/** The name of a sock, not a negation. */
const allowedNegation = /\bno-show\b/gi;

const inCaptions = ['a', 'item'];
const inTemplates = ['caption'];

export function wordingProblems({ taxonomy, categories, attributes }: ReadDocuments, report: Report): void {
  const check = (file: string, path: string, texts: readonly string[], placeholders: readonly string[]) => {
    texts.forEach((text, index) => {
      for (const message of wrongWords(text, placeholders)) report(file, `${path}.${index}`, message);
    });
  };
  for (const key of ['templates', 'siglip_templates'] as const) {
    check('taxonomy.yaml', key, taxonomy?.[key] ?? [], inTemplates);
    taxonomy?.[key].forEach((template, index) => {
      if (!template.includes('{caption}')) report('taxonomy.yaml', `${key}.${index}`, 'lacks {caption}');
    });
  }
  check('taxonomy.yaml', 'reject_prompts', taxonomy?.reject_prompts ?? [], []);
  for (const { id, prompts } of categories ?? [])
    check('categories.yaml', `${id}.prompts`, prompts, inCaptions);
  for (const [id, attribute] of Object.entries(attributes)) {
    const file = `attributes/${id}.yaml`;
    check(file, 'null_prompts', attribute?.null_prompts ?? [], inCaptions);
    check(file, 'neutral_prompts', attribute?.neutral_prompts ?? [], inCaptions);
    for (const value of attribute?.values ?? [])
      check(file, `values.${value.id}.prompts`, value.prompts, inCaptions);
  }
}

function wrongWords(text: string, placeholders: readonly string[]): readonly string[] {
  const used = [...text.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1]!);
  const known = placeholders.map((name) => `{${name}}`).join(' and ');
  const messages = used
    .filter((name) => !placeholders.includes(name))
    .map((name) => `the placeholder {${name}} is not known here${known && `, only ${known}`}`);
  if (/[{}]/.test(text.replace(/\{[^{}]*\}/g, '')))
    messages.push(`has a brace too many: ${JSON.stringify(text)}`);
  if (negation.test(text.replace(allowedNegation, ''))) messages.push(`negates: ${JSON.stringify(text)}`);
  return messages;
}
