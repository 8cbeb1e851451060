/** A checked review over a TagSet. Pure; all of it or, with every reason, nothing. */
import type { Problem } from '../errors.ts';
import { isKept, underBars } from '../tagging/bars.ts';
import type { Decision, TagSet } from '../tagging/types.ts';
import type { Taxonomy } from '../taxonomy/types.ts';
import { dated, handBack, handBackGated, type SecondOpinion } from './hand-back.ts';
import { decisionAt, type Place, placeOf, withDecision, withoutEmptyVariants } from './places.ts';
import { refuse, wrong } from './refusal.ts';
import { sayCategory } from './say-category.ts';
import type { Review, Step } from './types.ts';
import { acceptValues, clearValues, type Outcome, rejectValues, type Stamp, setValues } from './verbs.ts';

interface Placed {
  readonly step: Step;
  readonly place: Place;
}

/** Throws `request.malformed` where the product has no such variant, or a step does not fit what stands. */
export function applyReview(
  taxonomy: Taxonomy,
  current: TagSet,
  review: Review,
  model: SecondOpinion,
  at: string,
): TagSet {
  const problems: Problem[] = [];
  const stamp = { by: review.by, at };
  if (review.variant !== null && !current.variants.some(({ key }) => key === review.variant)) {
    problems.push(wrong('/variant', `The product has no variant ${JSON.stringify(review.variant)}.`));
    refuse(problems);
  }
  let tagSet = review.category
    ? sayCategory(taxonomy, current, review.category, model, stamp, problems)
    : current;
  const placed = review.steps.flatMap((step): Placed[] => {
    const place = placeOf(tagSet, step, review.variant, problems);
    return place === undefined ? [] : [{ step, place }];
  });
  const of = (...verbs: Step['verb'][]) => placed.filter(({ step }) => verbs.includes(step.verb));
  tagSet = resetAll(taxonomy, tagSet, of('reset'), model);
  for (const { step, place } of of('set', 'clear', 'accept')) {
    const outcome = said(step, decisionAt(tagSet, place, step.attribute.id), stamp);
    if (typeof outcome === 'string') problems.push(wrong(step.pointer, outcome));
    else tagSet = withDecision(tagSet, place, step.attribute.id, outcome);
  }
  refuse(problems);
  return withoutEmptyVariants(rejectAll(taxonomy, tagSet, of('reject'), model, stamp));
}

function said({ verb, attribute, values }: Step, before: Decision | undefined, stamp: Stamp): Outcome {
  if (verb === 'set') return setValues(before, values, stamp);
  return verb === 'clear' ? clearValues(before, stamp) : acceptValues(before, attribute, values, stamp);
}

/** What people said and barred is forgotten, all of it before the model is asked once. */
function resetAll(
  taxonomy: Taxonomy,
  before: TagSet,
  placed: readonly Placed[],
  model: SecondOpinion,
): TagSet {
  if (placed.length === 0) return before;
  let tagSet = before;
  for (const { step, place } of placed) {
    const { id } = step.attribute;
    const decision = decisionAt(tagSet, place, id);
    if (decision && isKept(decision)) tagSet = withDecision(tagSet, place, id, null);
  }
  const answer = model.answer(tagSet, tagSet.category);
  for (const { step, place } of placed) {
    const { id, scope } = step.attribute;
    tagSet = handBack(tagSet, place, id, answer, model.provenance);
    tagSet = handBackGated(taxonomy, tagSet, place, id, answer, model.provenance);
    // What was barred for the whole product was kept from its variants too.
    if (place !== null || scope !== 'variant') continue;
    for (const { key } of tagSet.variants) tagSet = handBack(tagSet, key, id, answer, model.provenance);
  }
  return tagSet;
}

/** Bars the values, all of them before the model is asked once: what it says where nothing else is left. */
function rejectAll(
  taxonomy: Taxonomy,
  before: TagSet,
  placed: readonly Placed[],
  model: SecondOpinion,
  stamp: Stamp,
): TagSet {
  let tagSet = before;
  const emptied: Placed[] = [];
  for (const { step, place } of placed) {
    const { id } = step.attribute;
    const stood = decisionAt(tagSet, place, id);
    const left = rejectValues(stood, step.values, stamp);
    if (stood && stood.values.length > 0 && left.status === 'abstained') emptied.push({ step, place });
    tagSet = withDecision(tagSet, place, id, left);
  }
  const answer = emptied.length > 0 ? model.answer(tagSet, tagSet.category) : null;
  for (const { step, place } of emptied) {
    const { id } = step.attribute;
    const fresh = answer && decisionAt(answer, place, id);
    if (!fresh) continue;
    // Whoever rejects is shown this answer at once.
    const next = underBars(dated(fresh, model.provenance, tagSet), decisionAt(tagSet, place, id)!);
    tagSet = withDecision(tagSet, place, id, { ...next, reviewed: stamp });
    tagSet = handBackGated(taxonomy, tagSet, place, id, answer, model.provenance);
  }
  return tagSet;
}
