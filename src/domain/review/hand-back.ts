/** What the model says where people do not, or no longer: after a reset, and under another category. */
import type { ProductAnswer } from '../tagging/decide-product.ts';
import { withoutBarred } from '../tagging/merge.ts';
import type { CategoryDecision, Decision, Provenance, TagSet } from '../tagging/types.ts';
import { attributesFor } from '../taxonomy/applicability.ts';
import type { Taxonomy } from '../taxonomy/types.ts';
import { isSaid } from './verbs.ts';

/** The model that can be asked again about the pictures of a product. */
export interface SecondOpinion {
  /** What it says under this category, or with one of its own for null; null where it cannot see the pictures now. */
  answer(tagSet: TagSet, category: CategoryDecision | null): ProductAnswer | null;
  /** What stands behind its answers; `taggedAt` is the time of this review. */
  readonly provenance: Omit<Provenance, 'notSupported'>;
}

type Decisions = Readonly<Record<string, Decision>>;

/** Where the model decides now but the TagSet was decided under something else, the decision says so itself. */
export function dated(
  decision: Decision,
  now: SecondOpinion['provenance'],
  tagSet: Pick<TagSet, 'provenance'>,
): Decision {
  const { model, taxonomyHash, calibration } = tagSet.provenance;
  const same = now.model === model && now.taxonomyHash === taxonomyHash && now.calibration === calibration;
  return same ? decision : { ...decision, provenance: { ...now, notSupported: [] } };
}

/**
 * The TagSet under another category: what people and merchants said stays, everything else is the model's answer under
 * that category. Without an answer, what no longer applies disappears and the rest stays as it is.
 */
export function underCategory(
  taxonomy: Taxonomy,
  tagSet: TagSet,
  category: CategoryDecision,
  answer: ProductAnswer | null,
  now: SecondOpinion['provenance'],
): TagSet {
  const id = category.status === 'accepted' ? (category.values[0]?.id ?? null) : null;
  const applying = new Set(attributesFor(taxonomy, id));
  const redecide = (before: Decisions, fresh: Decisions | null): Decisions => {
    const kept = Object.entries(before).filter(
      ([name, decision]) => isSaid(decision) || (fresh === null && applying.has(name)),
    );
    const decided: Record<string, Decision> = Object.fromEntries(kept);
    for (const [name, decision] of Object.entries(fresh ?? {})) {
      decided[name] ??= dated(withoutBarred(decision, before[name]?.rejected ?? []), now, tagSet);
    }
    return decided;
  };
  const variant = (key: string) => answer?.variants.find((one) => one.key === key)?.attributes ?? {};
  const attributes = redecide(tagSet.attributes, answer?.attributes ?? null);
  const notSupported = (answer?.notSupported ?? tagSet.provenance.notSupported).filter(
    (name) => applying.has(name) && !attributes[name],
  );
  return {
    ...tagSet,
    category,
    attributes,
    variants: tagSet.variants.map((one) => ({
      ...one,
      attributes: redecide(one.attributes, answer && variant(one.key)),
    })),
    provenance: { ...tagSet.provenance, notSupported },
  };
}

/** A category that nobody decides any more and that cannot be decided again now. */
export const undecidedCategory: CategoryDecision = {
  status: 'abstained',
  reason: 'below-threshold',
  source: 'model',
  values: [],
  threshold: null,
  evidence: [],
  candidates: [],
  rejected: [],
  reviewed: null,
};
