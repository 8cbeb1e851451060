/**
 * What the merchant says of attributes, from ids or labels to ids. The taxonomy is the server's, asked for one attribute
 * at a time: an import that names three does not fetch a megabyte.
 */
import { attributeId } from '../../domain/taxonomy/attribute-words.ts';

/** An attribute as far as a label needs it; as `GET /taxonomy/attributes/:id` gives it. */
export interface KnownAttribute {
  readonly id: string;
  readonly scope: string;
  readonly maxValues: number;
  readonly values: readonly {
    readonly id: string;
    readonly name: string;
    readonly synonyms: readonly string[];
    readonly deprecated: boolean;
  }[];
}

/** Null where the taxonomy has no such attribute. */
export type AskAttribute = (id: string) => Promise<KnownAttribute | null>;

export interface Statement {
  /** Attribute to value ids, for `set` of a review. */
  readonly set: Readonly<Record<string, readonly string[]>>;
  /** What could not be understood, in words. Its attribute is left out whole: to set the rest would say something else. */
  readonly unknown: readonly string[];
}

/** `split`: the product has several variants, each of which has its own colour, pattern and so on. */
export function createReadStatement(ask: AskAttribute) {
  const asked = new Map<string, Promise<KnownAttribute | null>>();
  const find = (id: string) => {
    const known = asked.get(id) ?? ask(id);
    asked.set(id, known);
    // A server that was away is asked again.
    known.catch(() => asked.delete(id));
    return known;
  };

  return async (
    attributes: Readonly<Record<string, readonly string[]>>,
    split: boolean,
  ): Promise<Statement> => {
    const set: Record<string, readonly string[]> = {};
    const unknown: string[] = [];
    for (const [id, labels] of byAttribute(attributes)) {
      const attribute = await find(id);
      const said = attribute ? understood(attribute, labels, split) : `the taxonomy has no attribute "${id}"`;
      if (typeof said === 'string') unknown.push(said);
      else set[id] = said;
    }
    return { set, unknown };
  };
}

/** Two words for one attribute are one statement. */
function byAttribute(attributes: Readonly<Record<string, readonly string[]>>): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [word, labels] of Object.entries(attributes)) {
    const id = attributeId(word.trim());
    found.set(id, [...(found.get(id) ?? []), ...labels]);
  }
  return found;
}

/** The values, or what is wrong with them, in words. */
function understood(attribute: KnownAttribute, labels: readonly string[], split: boolean): string[] | string {
  const { id, scope, maxValues } = attribute;
  if (scope === 'image') return `${id} is no attribute of products`;
  if (scope === 'variant' && split)
    return `${id} is each variant’s own where there are several: say it in a review of each`;
  const found = labels.map((label) => [label, idOfLabel(attribute, label)] as const);
  const strange = found.filter(([, value]) => value === null).map(([label]) => JSON.stringify(label));
  if (strange.length > 0) return `${id} has no value ${strange.join(', ')}`;
  const values = [...new Set(found.flatMap(([, value]) => value ?? []))];
  return values.length > maxValues ? `${id} has room for ${maxValues}, here are ${values.length}` : values;
}

/** By id, else by name, else by another word for it; case, hyphens and spaces aside. */
function idOfLabel({ values }: KnownAttribute, label: string): string | null {
  const current = values.filter(({ deprecated }) => !deprecated);
  const wanted = plain(label);
  const found =
    current.find(({ id }) => id === label.trim()) ??
    current.find(({ name }) => plain(name) === wanted) ??
    current.find(({ synonyms }) => synonyms.some((word) => plain(word) === wanted));
  return found?.id ?? null;
}

function plain(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ');
}
