/** TagSet to the wire, in one place. */
import { maxCandidates } from '../domain/tagging/decide-values.ts';
import { published } from '../domain/tagging/published.ts';
import type { Decision, TagSet } from '../domain/tagging/types.ts';

/** `minConfidence` filters the answer, never what is stored: what a model was less sure of is shown as a candidate. */
export function wireTagSet(stored: TagSet, minConfidence = 0) {
  return published(minConfidence > 0 ? confident(stored, minConfidence) : stored);
}

function confident(tagSet: TagSet, least: number): TagSet {
  const all = (attributes: Readonly<Record<string, Decision>>) =>
    Object.fromEntries(Object.entries(attributes).map(([id, decision]) => [id, filtered(decision, least)]));
  return {
    ...tagSet,
    category: filtered(tagSet.category, least),
    attributes: all(tagSet.attributes),
    variants: tagSet.variants.map((variant) => ({ ...variant, attributes: all(variant.attributes) })),
  };
}

function filtered<D extends Decision>(decision: D, least: number): D {
  const values = decision.values.filter((value) => value.confidence === null || value.confidence >= least);
  if (values.length === decision.values.length) return decision;
  if (values.length > 0) return { ...decision, values };
  const fallen = decision.values.flatMap(({ id, name, confidence }) =>
    id === null || confidence === null ? [] : [{ id, name, confidence }],
  );
  // With explain=true the values stand among the candidates already.
  const others = decision.candidates.filter((candidate) => fallen.every(({ id }) => id !== candidate.id));
  const candidates = [...fallen, ...others].sort((a, b) => b.confidence - a.confidence);
  return {
    ...decision,
    status: 'abstained',
    reason: 'below-threshold',
    values,
    candidates: candidates.slice(0, maxCandidates),
  };
}
