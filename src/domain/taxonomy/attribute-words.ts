/** Other words for attributes: `fabric` is taken wherever `material` is. */

const otherWords: ReadonlyMap<string, string> = new Map([['fabric', 'material']]);

/** The taxonomy's id for a caller's word; a word that is no other word for anything stays as it is. */
export function attributeId(word: string): string {
  return otherWords.get(word) ?? word;
}

/** `<attribute>` or `<attribute>/<value>`, with the taxonomy's id for the attribute. */
export function tagName(text: string): string {
  const [name = '', ...rest] = text.split('/');
  return [attributeId(name), ...rest].join('/');
}
