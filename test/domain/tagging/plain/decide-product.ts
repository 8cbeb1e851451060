/** Several pictures to one product: category first, then every attribute that applies, per variant where it varies. */

import type { VectorBank } from '../../../../src/domain/tagging/bank.ts';
import { type Barred, nothingBarred } from '../../../../src/domain/tagging/bars.ts';
import type { Calibration } from '../../../../src/domain/tagging/calibration.ts';
import { decideValues, type Scores, toDecision } from '../../../../src/domain/tagging/decide-values.ts';
import { explainCategory, explainDecision } from '../../../../src/domain/tagging/explain.ts';
import { admitted, ruledOut, type Vote } from '../../../../src/domain/tagging/guards.ts';
import {
  attributeThresholds,
  categoryThresholds,
  type Thresholds,
} from '../../../../src/domain/tagging/thresholds.ts';
import type {
  CategoryDecision,
  Decision,
  ImageEvidence,
  VariantTags,
} from '../../../../src/domain/tagging/types.ts';
import {
  attributesFor,
  imageAttributes,
  profileFor,
  valuesFor,
} from '../../../../src/domain/taxonomy/applicability.ts';
import { deepestKnown } from '../../../../src/domain/taxonomy/tree.ts';
import type { Attribute, Taxonomy } from '../../../../src/domain/taxonomy/types.ts';
import { decideCategory, scoreCategory } from './decide-category.ts';
import { decideColor } from './decide-color.ts';
import { scoreBinary, scoreSoftmax } from './score-attribute.ts';

export interface Meaning {
  readonly taxonomy: Taxonomy;
  readonly bank: VectorBank;
  readonly calibration: Calibration | null;
}

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
  const { taxonomy } = meaning;
  const votes = question.images.map((image) => lookAt(meaning, image));
  const category = question.category ?? decideStageOne(meaning, votes, question.explain);
  // Pictures of nothing we sell have no colour worth naming either: nobody votes.
  const voters = category.reason === 'not-visible' ? [] : votes;
  const categoryId =
    category.status === 'accepted' ? deepestKnown(taxonomy, category.values[0]?.path ?? []) : null;
  const applying = attributesFor(taxonomy, categoryId)
    .map((id) => taxonomy.attributeById.get(id)!)
    .filter((attribute) => attribute.scope !== 'image');
  const wanted = applying.filter(({ id }) => question.attributes?.includes(id) ?? true);
  // What gates a wanted attribute is decided with it, and not told.
  const gates = new Set(wanted.flatMap(({ requires }) => requires.map((need) => need.attribute)));
  const profileId = profileFor(taxonomy, categoryId);
  const answerable = applying.filter(
    (attribute) =>
      (wanted.includes(attribute) || gates.has(attribute.id)) && canDecide(meaning, attribute, profileId),
  );
  const keys = [...new Set(question.images.map((image) => image.variant).filter((key) => key !== null))];
  const perVariant = keys.length > 1;
  const { explain, barred = nothingBarred } = question;
  const decide = (attributes: readonly Attribute[], among: readonly Vote[], key: string | null = null) => {
    const asked = { explain, barred: (id: string) => barred(id, key) };
    const decided = decideAll(meaning, attributes, among, categoryId, asked);
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

/** Colour is measured in pixels, so it needs no model. */
function canDecide({ bank }: Meaning, attribute: Attribute, profileId: string): boolean {
  return attribute.scoring === 'ranked-softmax' || bank.attribute(attribute.id, profileId) !== undefined;
}

function decideStageOne(meaning: Meaning, votes: readonly Vote[], explain: boolean): CategoryDecision {
  const thresholds = categoryThresholds(meaning.calibration);
  const scores = scoreCategory(meaning.taxonomy, votes, meaning.bank, thresholds);
  const evidence = votes.map((vote) => vote.image.index);
  const decision = decideCategory(meaning.taxonomy, scores, thresholds, evidence);
  return explain ? explainCategory(decision, scores, thresholds, meaning.bank) : decision;
}

/** View and presentation of one picture: what the caller says, else what the model is sure of, else unknown. */
function lookAt(meaning: Meaning, image: ImageEvidence): Vote {
  const { taxonomy, bank, calibration } = meaning;
  const found = new Map<string, string>();
  for (const attribute of imageAttributes(taxonomy)) {
    const group = bank.attribute(attribute.id, profileFor(taxonomy, null));
    if (!group) continue;
    const thresholds = attributeThresholds(calibration, attribute);
    const vote: Vote = { image, place: 0, view: null, presentation: null };
    const scores = scoreSoftmax(attribute, attribute.values, [vote], group, bank.scale, thresholds);
    const verdict = decideValues(attribute, scores, thresholds);
    if ('values' in verdict) found.set(attribute.id, verdict.values[0]!.id);
  }
  return {
    image,
    place: 0,
    view: image.view ?? found.get('image-view') ?? null,
    presentation: found.get('presentation') ?? null,
  };
}

/** In no particular order. */
function decideAll(
  meaning: Meaning,
  attributes: readonly Attribute[],
  votes: readonly Vote[],
  categoryId: string | null,
  asked: Asked,
): Record<string, Decision> {
  const decided: Record<string, Decision> = {};
  // Attributes that gate others come first; the taxonomy's order holds otherwise.
  const gating = new Set(attributes.flatMap((attribute) => attribute.requires.map((need) => need.attribute)));
  const order = [...attributes].sort((a, b) => Number(gating.has(b.id)) - Number(gating.has(a.id)));
  for (const attribute of order) {
    if (ruledOut(attribute, decided)) continue;
    decided[attribute.id] = decideOne(meaning, attribute, votes, categoryId, asked);
  }
  return decided;
}

function decideOne(
  meaning: Meaning,
  attribute: Attribute,
  cast: readonly Vote[],
  categoryId: string | null,
  asked: Asked,
): Decision {
  const { taxonomy, bank, calibration } = meaning;
  const profileId = profileFor(taxonomy, categoryId);
  const thresholds = attributeThresholds(calibration, attribute);
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
  const values = valuesFor(attribute, taxonomy, categoryId);
  const barred = asked.barred(attribute.id);
  const group = bank.attribute(attribute.id, profileId);
  if (attribute.scoring === 'ranked-softmax') {
    const model = group ? scoreSoftmax(attribute, values, votes, group, bank.scale, thresholds) : null;
    const { decision, scores } = decideColor(
      attribute,
      values,
      votes,
      model,
      thresholds,
      taxonomy.colorFamilies,
      barred,
    );
    return finish(decision, scores);
  }
  const all = score(attribute, values, votes, group!, bank.scale, thresholds);
  const scores = { ...all, values: all.values.filter(({ id }) => !barred.includes(id)) };
  const verdict = decideValues(attribute, scores, thresholds);
  return finish(toDecision(attribute, verdict, scores, thresholds, evidence), scores);
}

function score(
  attribute: Attribute,
  values: Attribute['values'],
  votes: readonly Vote[],
  group: NonNullable<ReturnType<VectorBank['attribute']>>,
  scale: number,
  thresholds: Thresholds,
): Scores {
  // A value that the model has no vector for cannot win; it is left out rather than scored as impossible.
  const known = new Set(group.values.ids);
  const scorable = values.filter((value) => known.has(value.id));
  return attribute.scoring === 'binary-contrast'
    ? scoreBinary(scorable, votes, group, scale, thresholds)
    : scoreSoftmax(attribute, scorable, votes, group, scale, thresholds);
}
