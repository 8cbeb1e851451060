/** A checked review over a TagSet. Pure; all of it or, with every reason, nothing. */
import type { Problem } from '../errors.ts';
import type { ProductAnswer } from '../tagging/decide-product.ts';
import type { CategoryDecision, Decision, TagSet } from '../tagging/types.ts';
import type { Taxonomy } from '../taxonomy/types.ts';
import { dated, type SecondOpinion, undecidedCategory, underCategory } from './hand-back.ts';
import { refuse, wrong } from './refusal.ts';
import type { CategoryStep, Review, Step } from './types.ts';
import { acceptValues, clearValues, type Outcome, rejectValues, type Stamp, setValues } from './verbs.ts';

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
  let tagSet = current;
  let answer: ProductAnswer | null | undefined;
  if (review.category) {
    const handedBack = review.category.verb === 'reset';
    if (handedBack) answer = model.answer(current, null);
    const category = handedBack
      ? (answer?.category ?? undecidedCategory)
      : decideCategory(current.category, review.category, stamp);
    if (typeof category === 'string') problems.push(wrong(review.category.pointer, category));
    else if (categoryId(category) === categoryId(current.category)) tagSet = { ...current, category };
    else {
      answer ??= model.answer(current, category);
      tagSet = underCategory(taxonomy, current, category, answer, model.provenance);
    }
  }
  for (const step of review.steps) {
    const place = placeOf(tagSet, step, review.variant, problems);
    if (place === undefined) continue;
    if (step.verb === 'reset') {
      if (answer === undefined) answer = model.answer(tagSet, tagSet.category);
      tagSet = handBack(tagSet, place, step.attribute.id, answer, model.provenance);
      continue;
    }
    const before = decisionsAt(tagSet, place)[step.attribute.id];
    const outcome = spokenBy(step, before, stamp);
    if (typeof outcome === 'string') problems.push(wrong(step.pointer, outcome));
    else tagSet = withDecision(tagSet, place, step.attribute.id, outcome);
  }
  refuse(problems);
  return tagSet;
}

function spokenBy({ verb, values }: Step, before: Decision | undefined, stamp: Stamp): Outcome {
  if (verb === 'set') return setValues(before, values, stamp);
  if (verb === 'clear') return clearValues(before, stamp);
  return verb === 'accept' ? acceptValues(before, values, stamp) : rejectValues(before, values, stamp);
}

function decideCategory(
  before: CategoryDecision,
  { verb, node }: CategoryStep,
  { by, at }: Stamp,
): CategoryDecision | string {
  const offered = [...before.values, ...before.candidates];
  if (verb === 'accept' && node && !offered.some(({ id }) => id === node.id)) {
    return 'It is neither the category nor a candidate; say it with "category".';
  }
  const values = node
    ? [{ id: node.id, name: node.name, path: node.path, confidence: null }]
    : before.values.map((value) => ({ ...value, confidence: null }));
  if (values.length === 0) return 'There is no category to accept; name one of the candidates.';
  return {
    status: 'accepted',
    source: 'human',
    values,
    threshold: null,
    candidates: [],
    rejected: before.rejected,
    reviewed: { by, at },
  };
}

function categoryId({ status, values }: CategoryDecision): string | null {
  return status === 'accepted' ? (values[0]?.id ?? null) : null;
}

/** A variant's key, or null for what all variants share; undefined where the step names no such place. */
function placeOf(
  tagSet: TagSet,
  { attribute, pointer }: Step,
  variant: string | null,
  problems: Problem[],
): string | null | undefined {
  if (variant !== null) {
    if (attribute.scope === 'variant') return variant;
    problems.push(wrong(pointer, `${attribute.id} is shared by all variants; leave "variant" out.`));
    return undefined;
  }
  const split = tagSet.variants.length > 0 && attribute.scope === 'variant';
  if (!split || tagSet.attributes[attribute.id]) return null;
  problems.push(wrong(pointer, `${attribute.id} is decided per variant; name it in "variant".`));
  return undefined;
}

function decisionsAt(tagSet: TagSet, place: string | null): Readonly<Record<string, Decision>> {
  if (place === null) return tagSet.attributes;
  return tagSet.variants.find(({ key }) => key === place)?.attributes ?? {};
}

/** The TagSet with this decision, or without one. Other decisions keep their order. */
function withDecision(tagSet: TagSet, place: string | null, id: string, decision: Decision | null): TagSet {
  const changed = (attributes: Readonly<Record<string, Decision>>) => {
    const { [id]: _, ...others } = attributes;
    return decision ? { ...attributes, [id]: decision } : others;
  };
  if (place !== null) {
    const variants = tagSet.variants.map((variant) =>
      variant.key === place ? { ...variant, attributes: changed(variant.attributes) } : variant,
    );
    return { ...tagSet, variants };
  }
  const { notSupported } = tagSet.provenance;
  const left = decision ? notSupported.filter((name) => name !== id) : notSupported;
  return {
    ...tagSet,
    attributes: changed(tagSet.attributes),
    provenance: { ...tagSet.provenance, notSupported: left },
  };
}

/** What people said and barred is forgotten; the model's own answer comes back, where it has one. */
function handBack(
  tagSet: TagSet,
  place: string | null,
  id: string,
  answer: ProductAnswer | null,
  now: SecondOpinion['provenance'],
): TagSet {
  const answers =
    place === null ? answer?.attributes : answer?.variants.find(({ key }) => key === place)?.attributes;
  const fresh = answers?.[id];
  const reset = withDecision(tagSet, place, id, fresh ? dated(fresh, now, tagSet) : null);
  const unsupported = answer?.notSupported.includes(id) && !reset.provenance.notSupported.includes(id);
  if (place !== null || !unsupported) return reset;
  const notSupported = [...reset.provenance.notSupported, id];
  return { ...reset, provenance: { ...reset.provenance, notSupported } };
}
