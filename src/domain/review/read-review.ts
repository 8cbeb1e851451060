/** A reviewer's words to steps: every id must be known, and nothing may contradict itself. */
import type { Problem } from '../errors.ts';
import { attributeId } from '../taxonomy/attribute-words.ts';
import { heirOf } from '../taxonomy/replaced.ts';
import { resolveCategory } from '../taxonomy/resolve-category.ts';
import type { Attribute, AttributeValue, Taxonomy } from '../taxonomy/types.ts';
import { pointerKey, refuse, wrong } from './refusal.ts';
import type { CategoryStep, Renewed, Review, ReviewWords, Step, Verb } from './types.ts';

/** The word that stands for the category beside attribute ids, as in the tag `category/dress`. */
const categoryWord = 'category';

/** Throws `request.malformed` with every problem and its pointer. */
export function readReview(taxonomy: Taxonomy, words: ReviewWords): Review {
  const problems: Problem[] = [];
  const said = spoken(words);
  const steps = new Map<string, Step>();
  const renewed: Renewed[] = [];
  for (const { verb, attribute: id, value: valueId, pointer } of said) {
    if (id === categoryWord) continue;
    const attribute = taxonomy.attributeById.get(id);
    // What `set` names is looked at below, once and not for every value.
    if (!isOfProducts(attribute)) {
      if (verb !== 'set') problems.push(unknownAttribute(id, pointer));
      continue;
    }
    const value =
      valueId === null ? null : knownValue(attribute, valueId, verb === 'reject', pointer, problems);
    if (value === undefined) continue;
    if (value && value.id !== valueId)
      renewed.push({ said: `${attribute.id}/${valueId}`, taken: `${attribute.id}/${value.id}`, pointer });
    if (value && (verb === 'reset' || verb === 'clear')) {
      problems.push(wrong(pointer, 'Name the attribute alone, without a value.'));
      continue;
    }
    if (!value && verb === 'reject') {
      problems.push(wrong(pointer, 'Name the value to reject: <attribute>/<value>.'));
      continue;
    }
    const key = `${verb} ${attribute.id}`;
    const before = steps.get(key);
    if (before && verb === 'accept' && (before.values.length === 0) !== (value === null)) {
      problems.push(wrong(pointer, `${attribute.id} is accepted both as it stands and by value.`));
    }
    const values = [...new Set([...(before?.values ?? []), ...(value ? [value] : [])])];
    steps.set(key, { verb, attribute, values, pointer: before?.pointer ?? pointer });
  }
  for (const [word, values] of Object.entries(words.set)) {
    const pointer = `/set/${pointerKey(word)}`;
    const detail = 'Name at least one value; to say that there is none, use clear.';
    if (values.length === 0) problems.push(wrong(pointer, detail));
    const id = attributeId(word);
    if (id !== categoryWord && !isOfProducts(taxonomy.attributeById.get(id)))
      problems.push(unknownAttribute(word, pointer));
    if (id !== word && words.set[id])
      problems.push(wrong(pointer, `${word} is another word for ${id}: use one of them.`));
  }
  const category = categoryStep(taxonomy, words, said, problems);
  const list = [...steps.values()];
  problems.push(...contradictions(list));
  if (problems.length === 0 && list.length === 0 && category === null) {
    problems.push(wrong('', 'Name at least one of set, clear, accept, reject, reset and category.'));
  }
  refuse(problems);
  return { category, steps: list, renewed, variant: words.variant, by: words.by };
}

interface Said {
  readonly verb: Verb;
  readonly attribute: string;
  readonly value: string | null;
  readonly pointer: string;
}

/** Every single statement, in the order in which the verbs are applied. */
function spoken(words: ReviewWords): Said[] {
  const list = (verb: Exclude<Verb, 'set'>) =>
    words[verb].map((entry, index): Said => {
      const slash = entry.indexOf('/');
      const [attribute, value] = slash < 0 ? [entry, null] : [entry.slice(0, slash), entry.slice(slash + 1)];
      return { verb, attribute: attributeId(attribute), value, pointer: `/${verb}/${index}` };
    });
  const set = Object.entries(words.set).flatMap(([attribute, values]) =>
    values.map((value, index): Said => {
      const pointer = `/set/${pointerKey(attribute)}/${index}`;
      return { verb: 'set', attribute: attributeId(attribute), value, pointer };
    }),
  );
  return [...list('reset'), ...set, ...list('clear'), ...list('accept'), ...list('reject')];
}

function isOfProducts(attribute: Attribute | undefined): attribute is Attribute {
  return attribute !== undefined && attribute.scope !== 'image';
}

function unknownAttribute(id: string, pointer: string): Problem {
  return { code: 'attribute.not_found', detail: `${quoted(id)} is not an attribute of products.`, pointer };
}

/** A value that is no longer given is what stands for it now; it can still be rejected itself, where it stands. */
function knownValue(
  attribute: Attribute,
  id: string,
  evenDeprecated: boolean,
  pointer: string,
  problems: Problem[],
): AttributeValue | undefined {
  const value = attribute.valueById.get(id);
  if (value && (evenDeprecated || !value.deprecated)) return value;
  const heir = heirOf(attribute, id);
  if (heir) return heir;
  const since = value ? ' any more' : '';
  problems.push(wrong(pointer, `${quoted(id)} is not a value of ${attribute.id}${since}.`));
  return undefined;
}

function categoryStep(
  taxonomy: Taxonomy,
  words: ReviewWords,
  said: readonly Said[],
  problems: Problem[],
): CategoryStep | null {
  const steps: CategoryStep[] = [];
  const add = (verb: CategoryStep['verb'], text: string | null, pointer: string) => {
    const id = text === null ? null : resolveCategory(taxonomy, text);
    if (text !== null && id === null)
      problems.push(wrong(pointer, `${quoted(text)} is not a category of the taxonomy.`));
    else steps.push({ verb, node: id === null ? null : taxonomy.categoryById.get(id)!, pointer });
  };
  if (words.category !== null) add('set', words.category, '/category');
  for (const { verb, attribute, value, pointer } of said) {
    if (attribute !== categoryWord) continue;
    if (verb === 'accept') add('accept', value, pointer);
    else if (verb === 'reset' && value === null) add('reset', null, pointer);
    else problems.push(wrong(pointer, 'Say the right category with "category" instead.'));
  }
  const [first = null, second] = steps;
  if (second) problems.push(wrong(second.pointer, 'The category is named more than once.'));
  return first;
}

function contradictions(steps: readonly Step[]): Problem[] {
  const ruling = new Map<string, Step>();
  const problems: Problem[] = [];
  for (const step of steps) {
    const { verb, attribute, values, pointer } = step;
    // What people said before is forgotten first; that contradicts nothing.
    if (verb === 'reset') continue;
    const other = ruling.get(attribute.id);
    if (verb === 'reject') {
      const both = values.filter((value) => other?.values.includes(value));
      for (const { id } of both)
        problems.push(wrong(pointer, `${attribute.id}/${id} is also named under ${other!.verb}.`));
    } else if (other) {
      problems.push(wrong(pointer, `${attribute.id} is also named under ${other.verb}.`));
    } else {
      ruling.set(attribute.id, step);
    }
    if ((verb === 'set' || verb === 'accept') && values.length > attribute.maxValues) {
      problems.push(wrong(pointer, `${attribute.id} has at most ${attribute.maxValues} values.`));
    }
  }
  return problems;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
