/** Several pictures to one product: category first, then every attribute that applies, per variant where it varies. */
import { withHeirs } from '../taxonomy/replaced.ts';
import { deepestKnown } from '../taxonomy/tree.ts';
import type { Attribute } from '../taxonomy/types.ts';
import { type Barred, nothingBarred } from './bars.ts';
import { type CategoryPlan, type CompiledMeaning, compiled, type Meaning } from './compile-meaning.ts';
import { decideCategory, scoreCategory } from './decide-category.ts';
import { decideColor } from './decide-color.ts';
import { decideValues, type Scores, toDecision } from './decide-values.ts';
import { explainCategory, explainDecision } from './explain.ts';
import { admitted, ruledOut, type Vote } from './guards.ts';
import { opinion, scoreAttribute } from './score-attribute.ts';
import type { CategoryDecision, Decision, ImageEvidence, VariantTags } from './types.ts';

export type { Meaning } from './compile-meaning.ts';

export interface ProductQuestion {
  readonly images: readonly ImageEvidence[];
  /** A category that someone else decided: it stands, and stage one is skipped. */
  readonly category: CategoryDecision | null;
  /** Only these attributes, or null for all that apply. */
  readonly attributes: readonly string[] | null;
  readonly explain: boolean;
  /** Values that people barred: they keep their part of the probability, so nothing else becomes surer, and never win. */
  readonly barred?: Barred;
}

export interface ProductAnswer {
  readonly category: CategoryDecision;
  readonly attributes: Readonly<Record<string, Decision>>;
  readonly variants: readonly VariantTags[];
  /** Attributes that apply and that this model cannot decide at all. */
  readonly notSupported: readonly string[];
}

/** Pure: the same question under the same meaning always gets the same answer. Needs at least one image. */
export function decideProduct(meaning: Meaning, question: ProductQuestion): ProductAnswer {
  const ready = compiled(meaning);
  ready.logits.take(question.images.map(({ vector }) => vector));
  const votes = question.images.map((image, place) => lookAt(ready, image, place));
  const category = question.category ?? decideStageOne(ready, votes, question.explain);
  // Pictures of nothing we sell have no colour worth naming either: nobody votes.
  const voters = category.reason === 'not-visible' ? [] : votes;
  const categoryId =
    category.status === 'accepted' ? deepestKnown(meaning.taxonomy, category.values[0]?.path ?? []) : null;
  const plan = ready.category(categoryId);
  const { wanted, answerable } = plan.agenda(question.attributes);
  const keys = [...new Set(question.images.map((image) => image.variant).filter((key) => key !== null))];
  const perVariant = keys.length > 1;
  const { explain, barred = nothingBarred } = question;
  const decide = (attributes: readonly Attribute[], among: readonly Vote[], key: string | null = null) => {
    const asked = { explain, barred: (id: string) => barred(id, key) };
    const decided = decideAll(meaning, plan, attributes, among, asked);
    return Object.fromEntries(
      wanted.flatMap(({ id }) => {
        const decision = decided[id];
        return decision ? [[id, decision]] : [];
      }),
    );
  };
  const varying = answerable.filter(({ scope }) => scope === 'variant');
  const variants = perVariant
    ? keys.map((key) => {
        const mine = votes.filter((vote) => vote.image.variant === key);
        const among = voters.filter((vote) => mine.includes(vote));
        return { key, images: mine.map((vote) => vote.image.index), attributes: decide(varying, among, key) };
      })
    : [];
  const shared = perVariant ? answerable.filter(({ scope }) => scope !== 'variant') : answerable;
  const attributes = decide(shared, voters);
  return {
    category,
    attributes,
    variants,
    notSupported: wanted
      .filter((attribute) => !answerable.includes(attribute))
      .map((attribute) => attribute.id),
  };
}

interface Asked {
  readonly explain: boolean;
  readonly barred: (attribute: string) => readonly string[];
}

function decideStageOne(
  { meaning, categories }: CompiledMeaning,
  votes: readonly Vote[],
  explain: boolean,
): CategoryDecision {
  const scores = scoreCategory(categories, votes);
  const evidence = votes.map((vote) => vote.image.index);
  const decision = decideCategory(categories, scores, evidence);
  return explain ? explainCategory(decision, scores, categories.thresholds, meaning.bank) : decision;
}

/** View and presentation of one picture: what the caller says, else what the model is sure of, else unknown. */
function lookAt(ready: CompiledMeaning, image: ImageEvidence, place: number): Vote {
  const vote: Vote = { image, place, view: null, presentation: null };
  const found = new Map<string, string>();
  for (const scoring of ready.pictures()) {
    const { attribute, thresholds } = scoring;
    const verdict = decideValues(attribute, scoreAttribute(scoring, [vote]), thresholds);
    if ('values' in verdict) found.set(attribute.id, verdict.values[0]!.id);
  }
  return {
    image,
    place,
    view: image.view ?? found.get('image-view') ?? null,
    presentation: found.get('presentation') ?? null,
  };
}

/** Attributes that gate others come first. */
function decideAll(
  meaning: Meaning,
  plan: CategoryPlan,
  attributes: readonly Attribute[],
  votes: readonly Vote[],
  asked: Asked,
): Record<string, Decision> {
  const decided: Record<string, Decision> = {};
  for (const attribute of attributes) {
    if (ruledOut(attribute, decided)) continue;
    decided[attribute.id] = decideOne(meaning, plan, attribute, votes, asked);
  }
  return decided;
}

function decideOne(
  { bank }: Meaning,
  { profileId, attribute: planOf }: CategoryPlan,
  attribute: Attribute,
  cast: readonly Vote[],
  asked: Asked,
): Decision {
  const { thresholds, scoring, palette } = planOf(attribute);
  const { votes, guard } = admitted(attribute, cast);
  const evidence = votes.map((vote) => vote.image.index);
  const finish = (decision: Decision, scores: Scores): Decision =>
    asked.explain
      ? explainDecision(decision, attribute, scores, thresholds, guard, bank, profileId)
      : decision;
  if (votes.length === 0) {
    const nothing: Scores = { values: [], none: 1, disagreement: false };
    return finish(toDecision(attribute, { reason: 'not-visible' }, nothing, thresholds, []), nothing);
  }
  const barred = withHeirs(attribute, asked.barred(attribute.id));
  if (palette) {
    const model = scoring && opinion(scoring, votes).confidence;
    const { decision, scores } = decideColor(attribute, palette, votes, model, thresholds, barred);
    return finish(decision, scores);
  }
  const scores = scoreAttribute(scoring!, votes, barred);
  const verdict = decideValues(attribute, scores, thresholds);
  return finish(toDecision(attribute, verdict, scores, thresholds, evidence), scores);
}
