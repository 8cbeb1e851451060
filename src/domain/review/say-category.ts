/** A person's word on the category, and what follows from it for the attributes. */
import type { Problem } from '../errors.ts';
import type { CategoryDecision, TagSet } from '../tagging/types.ts';
import type { Taxonomy } from '../taxonomy/types.ts';
import { type SecondOpinion, underCategory } from './hand-back.ts';
import { wrong } from './refusal.ts';
import type { CategoryStep } from './types.ts';
import type { Stamp } from './verbs.ts';

/** The TagSet under the category as it was said; as it was, with a problem, where that cannot be. */
export function sayCategory(
  taxonomy: Taxonomy,
  current: TagSet,
  step: CategoryStep,
  model: SecondOpinion,
  stamp: Stamp,
  problems: Problem[],
): TagSet {
  if (step.verb === 'reset') {
    const answer = model.answer(current, null);
    if (!answer && current.category.source === 'model') return current;
    const category = answer?.category ?? undecided;
    if (sameCategory(category, current.category)) return { ...current, category };
    return underCategory(taxonomy, current, category, answer, model.provenance);
  }
  const category = decided(current.category, step, stamp);
  if (typeof category === 'string') {
    problems.push(wrong(step.pointer, category));
    return current;
  }
  if (sameCategory(category, current.category)) return { ...current, category };
  const answer = model.answer(current, category);
  return underCategory(taxonomy, current, category, answer, model.provenance);
}

function decided(
  before: CategoryDecision,
  { verb, node }: CategoryStep,
  { by, at }: Stamp,
): CategoryDecision | string {
  if (verb === 'accept' && node === null) {
    if (before.values.length === 0) return 'There is no category to accept; name one of the candidates.';
    if (before.status !== 'accepted') return 'It is suggested; name it: category/<id>.';
  }
  const offered = [...before.values, ...before.candidates];
  if (verb === 'accept' && node && !offered.some(({ id }) => id === node.id)) {
    return 'It is neither the category nor a candidate; say it with "category".';
  }
  const values = node ? [{ id: node.id, name: node.name, path: node.path }] : before.values;
  return {
    status: 'accepted',
    source: 'human',
    values: values.map((value) => ({ ...value, confidence: null })),
    threshold: null,
    candidates: [],
    rejected: before.rejected,
    reviewed: { by, at },
  };
}

/** True where both decide for the same category, or neither decides: the same attributes apply. */
function sameCategory(a: CategoryDecision, b: CategoryDecision): boolean {
  const id = ({ status, values }: CategoryDecision) =>
    status === 'accepted' ? (values[0]?.id ?? null) : null;
  return id(a) === id(b);
}

/** A category that nobody decides any more and that cannot be decided again now. */
const undecided: CategoryDecision = {
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
