/** What the model says where people do not, or no longer: after a reset, and under another category. */
import { isKept, isSaid, underBars } from '../tagging/bars.ts';
import type { ProductAnswer } from '../tagging/decide-product.ts';
import type { CategoryDecision, Decision, Provenance, TagSet } from '../tagging/types.ts';
import { attributesFor } from '../taxonomy/applicability.ts';
import { deepestKnown } from '../taxonomy/tree.ts';
import type { Taxonomy } from '../taxonomy/types.ts';
import { decisionAt, type Place, withDecision } from './places.ts';

/** The model that can be asked again about the pictures of a product. */
export interface SecondOpinion {
  /**
   * What it says under this category, or with one of its own for null, without the values that the TagSet bars; null
   * where it cannot see the pictures now.
   */
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
 * The model's own answer at one place, where it has one and nobody has said anything; without an answer at all, what
 * stands there stays.
 */
export function handBack(
  tagSet: TagSet,
  place: Place,
  id: string,
  answer: ProductAnswer | null,
  now: SecondOpinion['provenance'],
): TagSet {
  if (!answer) return tagSet;
  const stood = decisionAt(tagSet, place, id);
  if (stood && isSaid(stood)) return tagSet;
  const own = decisionAt(answer, place, id);
  const fresh = own && dated(own, now, tagSet);
  const reset = withDecision(
    tagSet,
    place,
    id,
    stood && isKept(stood) ? underBars(fresh, stood) : (fresh ?? null),
  );
  if (place !== null) return reset;
  const unsupported = [...reset.provenance.notSupported, id];
  const notSupported = answer.notSupported.filter((name) => unsupported.includes(name));
  return { ...reset, provenance: { ...reset.provenance, notSupported } };
}

/** The same for the attributes that this one gates: with another answer they may come or go. */
export function handBackGated(
  taxonomy: Taxonomy,
  tagSet: TagSet,
  place: Place,
  gate: string,
  answer: ProductAnswer | null,
  now: SecondOpinion['provenance'],
): TagSet {
  return taxonomy.attributes
    .filter(({ requires }) => requires.some(({ attribute }) => attribute === gate))
    .reduce((changed, { id }) => handBack(changed, place, id, answer, now), tagSet);
}

/**
 * The TagSet under another category: what people and merchants said or barred stays, everything else is the model's
 * answer under that category. Without an answer, what no longer applies disappears and the rest stays as it is.
 */
export function underCategory(
  taxonomy: Taxonomy,
  tagSet: TagSet,
  category: CategoryDecision,
  answer: ProductAnswer | null,
  now: SecondOpinion['provenance'],
): TagSet {
  const id = category.status === 'accepted' ? deepestKnown(taxonomy, category.values[0]?.path ?? []) : null;
  const applying = new Set(attributesFor(taxonomy, id));
  const redecide = (before: Decisions, fresh: Decisions | null): Decisions => {
    const decided: Record<string, Decision> = {};
    for (const [name, decision] of Object.entries(before)) {
      const again = fresh?.[name];
      if (isSaid(decision) || (!fresh && applying.has(name))) decided[name] = decision;
      else if (isKept(decision)) decided[name] = underBars(again && dated(again, now, tagSet), decision);
    }
    for (const [name, decision] of Object.entries(fresh ?? {})) {
      decided[name] ??= dated(decision, now, tagSet);
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
