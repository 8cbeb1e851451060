/** How the checks say what they find. */

export type Report = (file: string, path: string, message: string) => void;

/** Items that stand in the list more than once, each once. */
export function duplicates(list: readonly string[]): readonly string[] {
  return [...new Set(list.filter((item, index) => list.indexOf(item) !== index))];
}
