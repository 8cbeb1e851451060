/** `taxonomy check`: every problem by file and path, or one line of what was found. Exit code 1 if anything is wrong. */
import type { TaxonomySource } from '../../application/ports.ts';

export async function checkTaxonomy(source: TaxonomySource, print: (line: string) => void): Promise<number> {
  try {
    const taxonomy = await source.load();
    const leaves = taxonomy.categories.filter((category) => category.leaf).length;
    const values = taxonomy.attributes.reduce((sum, attribute) => sum + attribute.values.length, 0);
    print(
      `${taxonomy.id}@${taxonomy.version} is sound: ${taxonomy.categories.length} categories (${leaves} leaves), ` +
        `${taxonomy.attributes.length} attributes, ${values} values; content ${taxonomy.contentHash.slice(0, 12)}`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof Error && 'problems' in error)) throw error;
    const problems = error.problems as readonly { file: string; path: string; message: string }[];
    for (const { file, path, message } of problems) print([file, path, message].filter(Boolean).join(': '));
    print(`${problems.length} problem(s)`);
    return 1;
  }
}
