/** A block of products as they are stored to what should be stored of them. One that cannot be decided stops no other. */
import type {
  RescoringInput,
  RescoringOutcome,
  RescoringProvenance,
} from '../../application/ports-rescoring.ts';
import type { CatalogState } from '../../domain/events/catalog-state.ts';
import type { Meaning } from '../../domain/tagging/decide-product.ts';
import { redecide } from '../../domain/tagging/redecide.ts';
import { tagFacts } from '../../domain/tagging/tag-facts.ts';
import type { ColorShare, TagSet } from '../../domain/tagging/types.ts';

export function decideBlock(
  meaning: Meaning,
  block: readonly RescoringInput[],
  provenance: RescoringProvenance,
): readonly RescoringOutcome[] {
  return block.map((input) => {
    try {
      return decide(meaning, input, provenance);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return { kind: 'failed', productId: input.productId, detail };
    }
  });
}

function decide(meaning: Meaning, input: RescoringInput, provenance: RescoringProvenance): RescoringOutcome {
  const { productId, version } = input;
  const pictures = input.pictures.map(
    ({ sha256, vector, colors }) =>
      [sha256, { vector, colors: JSON.parse(colors) as readonly ColorShare[] }] as const,
  );
  const stored = {
    current: JSON.parse(input.tagSet) as TagSet,
    pictures: new Map(pictures),
    catalog: input.catalog === null ? null : (JSON.parse(input.catalog) as CatalogState),
  };
  const decided = redecide(meaning, stored, provenance);
  if (decided.kind !== 'decided') return { kind: decided.kind, productId };
  const { tagSet, revise } = decided;
  return {
    kind: 'decided',
    productId,
    from: version,
    revise,
    revision: tagSet.revision,
    tagSet: JSON.stringify(tagSet),
    facts: tagFacts(tagSet),
  };
}
