/**
 * Which of a shop's own fields count as the merchant's word: `name` or `name=attribute`, comma-separated. A name is one of the fields
 * that say the category, or that of an option; what no name stands for is left alone, and tags never count: we may have written them.
 */
import type { CatalogUpsert, CatalogWords } from './catalog-event.ts';

export interface MerchantField {
  /** In lower case. */
  readonly name: string;
  /** What it says: an attribute, or `category`. */
  readonly attribute: string;
}

/** Fields of products themselves that say a category. */
const categoryFields = ['category', 'categories', 'product_type'];
const otherNames: ReadonlyMap<string, string> = new Map([
  ['colour', 'color'],
  ['fabric', 'material'],
]);

/** What is no field is left out: the settings are checked before (`config-events.ts`). */
export function readMerchantFields(text: string): readonly MerchantField[] {
  return text.split(',').flatMap((entry): MerchantField[] => {
    const [name = '', attribute] = entry.split('=').map((part) => part.trim().toLowerCase());
    if (name === '' || name === 'tags') return [];
    const usual = categoryFields.includes(name)
      ? 'category'
      : (otherNames.get(name) ?? name.replaceAll(' ', '-'));
    return [{ name, attribute: attribute || usual }];
  });
}

/** What one option (or attribute) of a product has: its values, and which of them each variant has. */
export interface ShopOption {
  readonly name: string;
  readonly values: readonly string[];
}

/** An option that says something, with the attribute that it says. In the order of the fields. */
export function meantOptions<O extends ShopOption>(
  fields: readonly MerchantField[],
  options: readonly O[],
): readonly (O & { readonly attribute: string })[] {
  const found = fields.flatMap(({ name, attribute }) =>
    options
      .filter((option) => attribute !== 'category' && option.name.trim().toLowerCase() === name)
      .map((option) => ({ ...option, attribute })),
  );
  // Two names for one attribute: the first has the word.
  return found.filter(
    ({ attribute }, index) => found.findIndex((one) => one.attribute === attribute) === index,
  );
}

export function said(
  options: readonly { readonly attribute: string; readonly values: readonly string[] }[],
): CatalogWords {
  return Object.fromEntries(
    options.map(({ attribute, values }) => [attribute, values.map((label) => ({ label, verbatim: false }))]),
  );
}

/** The first that the taxonomy knows, else the first there is; null where the shop says none, nothing where it is not asked. */
export function saidCategory(
  fields: readonly MerchantField[],
  own: Readonly<Record<string, readonly string[]>>,
  known: (text: string) => boolean,
): Pick<CatalogUpsert, 'category'> {
  const asked = fields.filter(({ attribute, name }) => attribute === 'category' && Object.hasOwn(own, name));
  if (asked.length === 0) return {};
  const texts = asked.flatMap(({ name }) => own[name] ?? []);
  return { category: texts.find(known) ?? texts[0] ?? null };
}
