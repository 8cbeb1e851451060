/**
 * Names under which the embedded session keeps statements ready: reading and planning one costs more than running it.
 * A server may stand behind a pooler that knows no names, so there they are not used.
 */

/** More kinds than the service has; what builds ever new texts goes without a name. */
const most = 300;

/** The name for a statement that was seen before, or null: once is no habit. */
export type NameOf = (text: string) => string | null;

export function createStatementNames(): NameOf {
  const names = new Map<string, string | null>();
  let named = 0;
  return (text) => {
    // What is best for a page of a list depends on its values, so it is planned for them each time.
    if (/\blimit\b/i.test(text)) return null;
    const known = names.get(text);
    if (known) return known;
    if (known === undefined) {
      if (names.size < most) names.set(text, null);
      return null;
    }
    const name = `hangtag_${++named}`;
    names.set(text, name);
    return name;
  };
}
