/** What a store was said to keep, against what it has: writes as `writeOf` makes them, by product and revision. */
import type { Store } from '../../../src/application/ports.ts';
import { sha256, vectorOf } from '../../contracts/sample-tags.ts';

export async function missingPromises(
  store: Store,
  promised: ReadonlyMap<string, number>,
): Promise<string[]> {
  const problems: string[] = [];
  for (const [id, revision] of promised) {
    const tagSet = await store.findTags(id);
    const entries = await store.history(id, 10);
    const image = (await store.findImages([sha256(id)], 'm@1')).get(sha256(id));
    if (!tagSet || tagSet.revision < revision) problems.push(`${id}: revision ${tagSet?.revision ?? 'none'}`);
    if (entries.length !== tagSet?.revision) problems.push(`${id}: ${entries.length} history entries`);
    if (JSON.stringify(entries[0]?.tagSet) !== JSON.stringify(tagSet))
      problems.push(`${id}: history differs`);
    if (!image || Buffer.compare(Buffer.from(image.vector.buffer), Buffer.from(vectorOf(id).buffer)) !== 0)
      problems.push(`${id}: vector`);
  }
  return problems;
}
